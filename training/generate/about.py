"""Questions about inference parameters and about Outcrop itself."""

from .grammar import assistant, say, user
from . import words as w

# subject -> (ways to name it, answers)
PARAMETERS = {
    "temperature": ("temperature|the temperature|the temperature (setting|parameter)", ["(Temperature|It) (controls|sets) how random the (answer|output) is: low values (give|make) (steady|predictable|focused) text, high values (give|make it) more varied text.", "(Temperature|It) scales the model's scores before sampling. At 0 the most likely token is always taken; (higher values|above 1 it) (add variety|becomes more random).", "A low temperature makes answers more predictable, a high one makes them more creative."]),
    "top_p": ("top_p|top p|topP|nucleus sampling|the top_p (setting|parameter)", ["(top_p|It) keeps only the smallest set of tokens whose probabilities add up to p, and samples from those.", "With top_p 0.9 the model samples from the most likely tokens that together hold 90 percent of the probability.", "(top_p|Nucleus sampling) cuts off the unlikely tail of tokens: a smaller value means safer text."]),
    "top_k": ("top_k|top k|topK|the top_k (setting|parameter)", ["(top_k|It) keeps only the k most likely tokens at each step and samples from them.", "With top_k 1 the model always takes the most likely token; a larger k allows more variety."]),
    "max_tokens": ("max tokens|max_tokens|maxTokens|the token limit|the maximum length", ["(max tokens|maxTokens|It) is the largest number of tokens that the model may generate. When it is reached, the stop reason is max_tokens.", "It limits the length of the answer in tokens. The answer is cut off there, with stop reason max_tokens."]),
    "stop": ("stop sequences|a stop sequence|stopSequences|stop words", ["Stop sequences are texts that end the generation as soon as they appear. The stop reason is then stop_sequence.", "When the model writes one of the stop sequences, the generation stops and the sequence is left out of the answer."]),
    "seed": ("the seed|a seed|seed|the random seed", ["A seed fixes the random choices, so that the same request gives the same answer again.", "With the same seed, prompt and settings you get the same text again."]),
    "penalty": ("the repetition penalty|a repetition penalty|the frequency penalty|the presence penalty|penalties", ["(It|A penalty) lowers the scores of tokens that were already used, so that the model repeats itself less.", "Penalties make tokens that have appeared already less likely. Too high a value harms the text."]),
    "streaming": ("streaming|response streaming|ConverseStream|a streamed answer", ["Streaming sends the answer piece by piece while it is generated, so that you can read it at once.", "With streaming you receive each piece of text as soon as it is generated, and the usage numbers at the end."]),
    "token": ("a token|tokens|tokenization|a tokenizer", ["A token is a piece of text, such as a word or a part of a word. Models read and write tokens.", "Models work with tokens: short pieces of text from a fixed vocabulary. My vocabulary has 4096 tokens."]),
    "context": ("the context window|context length|the context|a context window", ["The context window is the largest number of tokens that the model can see at once, prompt and answer together. Mine is 8192 tokens.", "It is the number of tokens that fit into one request, prompt plus answer."]),
    "greedy": ("greedy decoding|greedy sampling|temperature 0|temperature zero", ["Greedy decoding always takes the most likely token, so the answer is the same each time.", "At temperature 0 the model always picks the most likely token. The answers are then repeatable."]),
    "system": ("a system prompt|the system prompt|system prompts|a system message", ["A system prompt tells the model how to behave, before the conversation begins.", "It is an instruction for the whole conversation, such as a role or a format."]),
    "stop reason": ("the stop reason|stopReason|a stop reason|finish reasons", ["The stop reason tells why the answer ended: end_turn, max_tokens, stop_sequence or tool_use.", "It says why the model stopped, for example end_turn or max_tokens."]),
    "tool use": ("tool use|function calling|tools|tool calling", ["With tool use you describe functions to the model, and it answers with a call: a tool name and arguments. You run it and send back the result.", "You give the model a list of tools, it asks for a call, you send the result, and it answers."]),
    "prompt caching": ("prompt caching|a cache point|the prompt cache|caching", ["Prompt caching keeps the computed state of a prompt's beginning, so that the next request with the same beginning is faster and cheaper.", "A cache point marks the end of a prompt part that can be reused by later requests."]),
    "latency": ("time to first token|latency|TTFT", ["Time to first token is how long it takes until the first piece of the answer arrives.", "It is the wait between sending the request and receiving the first token."]),
    "quantization": ("quantization|Q8_0|a quantized model|quantized weights", ["Quantization stores weights with fewer bits, which makes the model smaller and faster. My weights are stored as Q8_0.", "It rounds the weights to fewer bits, so that less memory is needed."]),
    "logits": ("logits|log probabilities|a logit", ["Logits are the model's scores for every token of the vocabulary. Softmax turns them into probabilities."]),
    "embedding": ("an embedding|embeddings", ["An embedding is a list of numbers that stands for the meaning of a token or a text."]),
    "batch": ("batch inference|a batch job|model invocation jobs|batch jobs", ["A batch job runs many prompts from a file and writes the answers to another file.", "You give a file with one request per line, and the job writes one answer per line."]),
    "gguf": ("GGUF|a GGUF file|gguf", ["GGUF is a file format for model weights together with the tokenizer and the settings."]),
    "converse": ("Converse|the Converse API|the converse operation", ["Converse is the Bedrock operation that takes messages and returns the model's reply, in the same shape for every model.", "With Converse you send a list of messages and get the answer and the token usage back."]),
    "invokemodel": ("InvokeModel|the InvokeModel API", ["InvokeModel sends a body in the model's own format and returns the model's own answer format."]),
}
PARAMETER_ASK = ["(What|Explain what) (is|are|does) {x}( mean| do|)?", "(Explain|Describe|Define) {x}( to me| briefly| in short| please|)(.|)", "(How does|How do) {x} work?", "(What does|What do) {x} (do|mean|control)?", "(Why would I|When should I|Why should I) (use|set|change) {x}?", "(Can you|Could you|Please) (explain|tell me about|describe) {x}(?|.)", "{x}?", "(Tell me|I want to know) (about|more about|what you know about) {x}(.|)", "(I don't understand|I am new to|What should I know about) {x}(.|?)", "(In one sentence, |Briefly, |)what (is|are) {x}?", "What (happens|changes) (if|when) I (set|raise|lower|use) {x}?"]
LOW_HIGH = [
    ("(What (temperature|value) (should I|do I|to) use|Which temperature is (good|best)) for (facts|code|classification|exact answers|JSON|extraction)?", "Use a low temperature, such as 0 or 0.2(.|, so that the answers are steady.)"),
    ("(What (temperature|value) (should I|do I|to) use|Which temperature is (good|best)) for (stories|creative writing|poems|ideas|brainstorming)?", "Use a higher temperature, such as 0.8 or 1(.|, so that the answers vary.)"),
    ("(How do I|How can I) (get|make) (the same answer|repeatable answers|deterministic output)( every time| each time| again|)?", "Set the temperature to 0(, or use a fixed seed|)."),
    ("(How do I|How can I) (make|get) (shorter|short) answers?", "Lower max tokens, or ask for a short answer in the prompt."),
    ("(How do I|How can I) (make|get) (the answers|answers|the text) more (creative|varied|random|surprising)?", "Raise the temperature, for example to 1, or raise top_p."),
    ("Why (is|was) (my|the) (answer|output|text) cut off?", "The answer reached max tokens. Raise the limit to get more."),
    ("(Should I|Can I) (set|change|use) (both |)temperature and top_p( together|)?", "You can, but it is easier to change only one of them."),
]
OUTCROP = {
    "what": ("(What is|What's|Tell me about|Explain|Describe|What do you know about|What exactly is|Do you know|What does) Outcrop( do|)(?|.)|(What|Which) (software|server|program|system) (is this|are you running on|runs you)?|Outcrop?", ["Outcrop is the Amazon Bedrock inference runtime that you run yourself. (One binary|It) answers the Bedrock API, with the engine inside.", "Outcrop is a self-hosted server for the Amazon Bedrock API. It is written in Rust and has its own engine inside.", "Outcrop runs the Amazon Bedrock inference API on your own machine: any AWS SDK can talk to it."]),
    "port": ("(Which|What) port (does Outcrop|does it|do you) (use|listen on|run on)?|(What is|What's|Tell me) (the default port|Outcrop's port)( of Outcrop|)?|On which port (does Outcrop|does the server) listen?", ["The default port is 4646.", "Outcrop listens on port 4646 by default."]),
    "language": ("(What|Which) (programming |)language is Outcrop written in?|(Is Outcrop written in Rust|In which language is Outcrop written|What is Outcrop written in)?", ["Outcrop is written in Rust.", "It is written in Rust."]),
    "connect": ("(How do I|How can I) (connect|use|reach|call|talk to) (to |)Outcrop( from (boto3|Python|the AWS SDK|an SDK|my program|the CLI))?|(How do I|How can I) (point|connect) (boto3|an AWS SDK|my SDK|my client) (at|to) Outcrop?|(What|Which) endpoint (URL |)(do I|should I) use( for Outcrop|)?", ["Point your AWS SDK's endpoint URL at it, for example http://localhost:4646, and call Converse as usual.", "Set the endpoint URL of your AWS SDK to http://localhost:4646. Nothing else changes."]),
    "gpu": ("(Does Outcrop|Do I|Do you) need a (GPU|graphics card)?|(Does|Can) (Outcrop|it) run (without a GPU|on a CPU)?", ["No, Outcrop does not need a GPU. It runs on an ordinary CPU.", "No. A normal CPU is enough."]),
    "offline": ("(Does|Can) Outcrop (work|run) (offline|without (internet|a network))?|(Does Outcrop|Do you) need (the internet|a network connection|an AWS account)?", ["Outcrop works offline. The model is built in, and no AWS account is needed.", "No network and no AWS account are needed: the engine and a small model are inside."]),
    "pebble": ("(What is|Who is|Tell me about|What's) pebble(?|.)|(Which|What) model (are you|is this|am I talking to|do you use)?|(What is your model|What model is built in|How big are you|How large is pebble|How many parameters do you have)?", ["I am pebble, the small language model that is built into Outcrop. I have about five million parameters.", "Pebble is Outcrop's small built-in model, with about five million parameters. It was trained from scratch on made-up text."]),
    "bigger": ("(Can Outcrop|Can I|How do I) (run|use) (a |)(bigger|larger|other) model(s|)( with Outcrop|)?|(Does Outcrop support|Can Outcrop use) (vLLM|Ollama|llama-server|other servers)?", ["Yes. Outcrop can load GGUF files, and it can pass requests on to servers such as vLLM, SGLang, Ollama or llama-server.", "Bigger models can run in Outcrop as GGUF files, or on servers that you already have."]),
    "api": ("(Which|What) (API|operations|APIs) does Outcrop (support|speak|offer)?|(What can Outcrop do|What does Outcrop support)?|Does Outcrop support (Converse|streaming|batch jobs|InvokeModel|tools)?", ["Outcrop speaks the Bedrock API: Converse, InvokeModel, streaming, batch jobs, inference profiles and quotas.", "It supports Converse, InvokeModel, streaming and batch jobs, among others."]),
    "cost": ("(How much|What) does Outcrop cost?|Is Outcrop free?", ["You run Outcrop yourself, so there is no price per token to pay to anyone.", "It runs on your own machine, so you only pay for that."]),
    "bedrock": ("(What is|What's|Tell me about|Explain) (Amazon |AWS |)Bedrock(?|.)", ["Amazon Bedrock is Amazon's service for calling language models through one API. Outcrop offers the same API on your own machine.", "Bedrock is the model API of Amazon Web Services."]),
}


def parameter(rng):
    if rng.random() < 0.2:
        ask, reply = w.pick(rng, LOW_HIGH)
        return [user(say(rng, ask)), assistant(say(rng, reply))]
    names, answers = PARAMETERS[w.pick(rng, list(PARAMETERS))]
    x = say(rng, "(" + names + ")")
    text = say(rng, PARAMETER_ASK, x=x)
    return [user(text[0].upper() + text[1:] if rng.random() < 0.8 else text), assistant(say(rng, answers))]


def outcrop(rng):
    asks, answers = OUTCROP[w.pick(rng, list(OUTCROP))]
    text = say(rng, "(" + asks + ")")
    return [user(text if rng.random() < 0.85 else text.lower().replace("outcrop", "Outcrop")), assistant(say(rng, answers))]
