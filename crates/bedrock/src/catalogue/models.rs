//! The table. A text model's row is `text(id, name, input, context, maximum output)`, in tokens.
//!
//! Sources: the model cards and the lifecycle pages of the Bedrock user guide as of October 2026. Where a card says K,
//! that is 1,000 tokens of context, and 1,024 tokens of an open model's output. DeepSeek V3 and Qwen3 32B have longer
//! contexts and outputs here than on their cards. Models that only Bedrock's OpenAI-compatible endpoint has are here
//! too: every door here leads to every model.

use super::Lifecycle::{Active, Legacy};
use super::Modality::{self, Embedding, Image, Speech, Text, Video};
use super::Model;

const TEXT: &[Modality] = &[Text];
const TEXT_IMAGE: &[Modality] = &[Text, Image];
const TEXT_VIDEO: &[Modality] = &[Text, Video];
const TEXT_IMAGE_VIDEO: &[Modality] = &[Text, Image, Video];
const TEXT_IMAGE_VIDEO_SPEECH: &[Modality] = &[Text, Image, Video, Speech];
const IMAGE: &[Modality] = &[Image];
const EMBEDDING: &[Modality] = &[Embedding];
const VIDEO: &[Modality] = &[Video];
const SPEECH: &[Modality] = &[Speech];
const SPEECH_TEXT: &[Modality] = &[Speech, Text];

/// A model that generates text, and streams.
const fn text(
    id: &'static str,
    name: &'static str,
    input: &'static [Modality],
    context: u32,
    max_output: u32,
) -> Model {
    Model {
        context: Some(context),
        max_output: Some(max_output),
        streaming: true,
        ..other(id, name, input, TEXT)
    }
}

/// A model that generates text, whose card names no maximum output: its context alone bounds an answer.
const fn unbounded(
    id: &'static str,
    name: &'static str,
    input: &'static [Modality],
    context: u32,
) -> Model {
    text(id, name, input, context, context)
}

/// A model that generates no text from text.
const fn other(
    id: &'static str,
    name: &'static str,
    input: &'static [Modality],
    output: &'static [Modality],
) -> Model {
    let (context, max_output, streaming) = (None, None, false);
    Model { id, name, input, output, context, max_output, streaming, lifecycle: Active }
}

/// The same with a limit of input tokens.
const fn within(context: u32, model: Model) -> Model {
    Model { context: Some(context), ..model }
}

const fn streaming(model: Model) -> Model {
    Model { streaming: true, ..model }
}

const fn legacy(model: Model) -> Model {
    Model { lifecycle: Legacy, ..model }
}

#[rustfmt::skip]
pub(super) const MODELS: &[Model] = &[
    // AI21 Labs
    legacy(text("ai21.jamba-1-5-large-v1:0", "Jamba 1.5 Large", TEXT, 256_000, 4_096)),
    legacy(text("ai21.jamba-1-5-mini-v1:0", "Jamba 1.5 Mini", TEXT, 256_000, 4_096)),
    // Amazon
    text("amazon.nova-micro-v1:0", "Nova Micro", TEXT, 128_000, 10_000),
    text("amazon.nova-lite-v1:0", "Nova Lite", TEXT_IMAGE_VIDEO, 300_000, 10_000),
    text("amazon.nova-pro-v1:0", "Nova Pro", TEXT_IMAGE_VIDEO, 300_000, 10_000),
    legacy(text("amazon.nova-premier-v1:0", "Nova Premier", TEXT_IMAGE_VIDEO, 1_000_000, 32_000)),
    text("amazon.nova-2-lite-v1:0", "Nova 2 Lite", TEXT_IMAGE_VIDEO, 1_000_000, 65_536),
    legacy(other("amazon.nova-canvas-v1:0", "Nova Canvas", TEXT_IMAGE, IMAGE)),
    legacy(other("amazon.nova-reel-v1:0", "Nova Reel", TEXT_IMAGE, VIDEO)),
    legacy(other("amazon.nova-reel-v1:1", "Nova Reel", TEXT_IMAGE, VIDEO)),
    legacy(streaming(other("amazon.nova-sonic-v1:0", "Nova Sonic", SPEECH, SPEECH_TEXT))),
    streaming(other("amazon.nova-2-sonic-v1:0", "Nova 2 Sonic", SPEECH, SPEECH_TEXT)),
    within(8_192, other("amazon.nova-2-multimodal-embeddings-v1:0", "Nova Multimodal Embeddings", TEXT_IMAGE_VIDEO, EMBEDDING)),
    legacy(text("amazon.titan-text-lite-v1", "Titan Text G1 - Lite", TEXT, 4_096, 4_096)),
    legacy(text("amazon.titan-text-express-v1", "Titan Text G1 - Express", TEXT, 8_192, 8_192)),
    legacy(text("amazon.titan-text-premier-v1:0", "Titan Text G1 - Premier", TEXT, 32_000, 3_072)),
    within(8_192, other("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", TEXT, EMBEDDING)),
    within(8_192, other("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", TEXT, EMBEDDING)),
    within(256, other("amazon.titan-embed-image-v1", "Titan Multimodal Embeddings G1", TEXT_IMAGE, EMBEDDING)),
    other("amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", TEXT_IMAGE, IMAGE),
    other("amazon.rerank-v1:0", "Rerank 1.0", TEXT, TEXT),
    // Anthropic
    legacy(text("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", TEXT_IMAGE, 200_000, 4_096)),
    legacy(text("anthropic.claude-3-sonnet-20240229-v1:0", "Claude 3 Sonnet", TEXT_IMAGE, 200_000, 4_096)),
    legacy(text("anthropic.claude-3-opus-20240229-v1:0", "Claude 3 Opus", TEXT_IMAGE, 200_000, 4_096)),
    legacy(text("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", TEXT_IMAGE, 200_000, 8_192)),
    legacy(text("anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2", TEXT_IMAGE, 200_000, 8_192)),
    legacy(text("anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku", TEXT_IMAGE, 200_000, 8_192)),
    legacy(text("anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet", TEXT_IMAGE, 200_000, 131_072)),
    legacy(text("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", TEXT_IMAGE, 200_000, 64_000)),
    legacy(text("anthropic.claude-opus-4-20250514-v1:0", "Claude Opus 4", TEXT_IMAGE, 200_000, 32_000)),
    legacy(text("anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1", TEXT_IMAGE, 200_000, 32_000)),
    text("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", TEXT_IMAGE, 200_000, 64_000),
    text("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", TEXT_IMAGE, 200_000, 64_000),
    text("anthropic.claude-opus-4-5-20251101-v1:0", "Claude Opus 4.5", TEXT_IMAGE, 200_000, 64_000),
    text("anthropic.claude-opus-4-6-v1", "Claude Opus 4.6", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-sonnet-4-6", "Claude Sonnet 4.6", TEXT_IMAGE, 1_000_000, 64_000),
    text("anthropic.claude-opus-4-7", "Claude Opus 4.7", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-opus-4-8", "Claude Opus 4.8", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-sonnet-5", "Claude Sonnet 5", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-opus-5", "Claude Opus 5", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-mythos-5", "Claude Mythos 5", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-mythos-5-1", "Claude Mythos 5.1", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-fable-5", "Claude Fable 5", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-fable-5-1", "Claude Fable 5.1", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-sonnet-5-5", "Claude Sonnet 5.5", TEXT_IMAGE, 1_000_000, 128_000),
    text("anthropic.claude-opus-5-5", "Claude Opus 5.5", TEXT_IMAGE, 1_000_000, 128_000),
    // Cohere
    legacy(text("cohere.command-r-v1:0", "Command R", TEXT, 128_000, 4_096)),
    legacy(text("cohere.command-r-plus-v1:0", "Command R+", TEXT, 128_000, 4_096)),
    within(512, other("cohere.embed-english-v3", "Embed English", TEXT_IMAGE, EMBEDDING)),
    within(512, other("cohere.embed-multilingual-v3", "Embed Multilingual", TEXT_IMAGE, EMBEDDING)),
    within(128_000, other("cohere.embed-v4:0", "Embed v4", TEXT_IMAGE, EMBEDDING)),
    within(4_096, other("cohere.rerank-v3-5:0", "Rerank 3.5", TEXT, TEXT)),
    // DeepSeek
    text("deepseek.r1-v1:0", "DeepSeek-R1", TEXT, 128_000, 32_768),
    text("deepseek.v3-v1:0", "DeepSeek-V3.1", TEXT, 163_840, 81_920),
    text("deepseek.v3.2", "DeepSeek V3.2", TEXT, 163_840, 81_920),
    // Google
    text("google.gemma-3-4b-it", "Gemma 3 4B IT", TEXT_IMAGE, 128_000, 8_192),
    text("google.gemma-3-12b-it", "Gemma 3 12B IT", TEXT_IMAGE, 128_000, 8_192),
    text("google.gemma-3-27b-it", "Gemma 3 27B PT", TEXT_IMAGE, 128_000, 8_192),
    unbounded("google.gemma-4-e2b", "Gemma 4 E2B", TEXT_IMAGE_VIDEO, 128_000),
    unbounded("google.gemma-4-26b-a4b", "Gemma 4 26B-A4B", TEXT_IMAGE_VIDEO, 256_000),
    unbounded("google.gemma-4-31b", "Gemma 4 31B", TEXT_IMAGE_VIDEO, 256_000),
    // Luma AI
    other("luma.ray-v2:0", "Ray v2", TEXT_IMAGE, VIDEO),
    // Meta
    text("meta.llama3-8b-instruct-v1:0", "Llama 3 8B Instruct", TEXT, 8_192, 2_048),
    text("meta.llama3-70b-instruct-v1:0", "Llama 3 70B Instruct", TEXT, 8_192, 2_048),
    text("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", TEXT, 128_000, 8_192),
    text("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct", TEXT, 128_000, 8_192),
    legacy(text("meta.llama3-1-405b-instruct-v1:0", "Llama 3.1 405B Instruct", TEXT, 128_000, 8_192)),
    text("meta.llama3-2-1b-instruct-v1:0", "Llama 3.2 1B Instruct", TEXT, 128_000, 8_192),
    text("meta.llama3-2-3b-instruct-v1:0", "Llama 3.2 3B Instruct", TEXT, 128_000, 8_192),
    text("meta.llama3-2-11b-instruct-v1:0", "Llama 3.2 11B Instruct", TEXT_IMAGE, 128_000, 8_192),
    text("meta.llama3-2-90b-instruct-v1:0", "Llama 3.2 90B Instruct", TEXT_IMAGE, 128_000, 8_192),
    legacy(text("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", TEXT, 128_000, 8_192)),
    text("meta.llama4-scout-17b-instruct-v1:0", "Llama 4 Scout 17B Instruct", TEXT_IMAGE, 3_500_000, 16_384),
    text("meta.llama4-maverick-17b-instruct-v1:0", "Llama 4 Maverick 17B Instruct", TEXT_IMAGE, 1_000_000, 16_384),
    // MiniMax
    text("minimax.minimax-m2", "MiniMax M2", TEXT, 1_000_000, 8_192),
    text("minimax.minimax-m2.1", "MiniMax M2.1", TEXT, 196_000, 8_192),
    text("minimax.minimax-m2.5", "MiniMax M2.5", TEXT, 196_000, 8_192),
    // Mistral AI
    text("mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", TEXT, 32_000, 8_192),
    text("mistral.mixtral-8x7b-instruct-v0:1", "Mixtral 8x7B Instruct", TEXT, 32_000, 4_096),
    text("mistral.mistral-small-2402-v1:0", "Mistral Small (24.02)", TEXT, 32_000, 8_192),
    text("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)", TEXT, 32_000, 8_192),
    text("mistral.mistral-large-2407-v1:0", "Mistral Large (24.07)", TEXT, 128_000, 8_192),
    text("mistral.pixtral-large-2502-v1:0", "Pixtral Large (25.02)", TEXT_IMAGE, 128_000, 16_384),
    text("mistral.mistral-large-3-675b-instruct", "Mistral Large 3", TEXT_IMAGE, 256_000, 32_768),
    text("mistral.devstral-2-123b", "Devstral 2 123B", TEXT, 256_000, 32_768),
    text("mistral.magistral-small-2509", "Magistral Small 2509", TEXT_IMAGE, 128_000, 40_960),
    text("mistral.ministral-3-3b-instruct", "Ministral 3B", TEXT_IMAGE, 128_000, 8_192),
    text("mistral.ministral-3-8b-instruct", "Ministral 3 8B", TEXT_IMAGE, 128_000, 8_192),
    text("mistral.ministral-3-14b-instruct", "Ministral 14B 3.0", TEXT_IMAGE, 128_000, 8_192),
    unbounded("mistral.voxtral-mini-3b-2507", "Voxtral Mini 3B 2507", SPEECH_TEXT, 32_000),
    unbounded("mistral.voxtral-small-24b-2507", "Voxtral Small 24B 2507", SPEECH_TEXT, 32_000),
    // Moonshot AI
    text("moonshot.kimi-k2-thinking", "Kimi K2 Thinking", TEXT, 256_000, 16_384),
    text("moonshotai.kimi-k2.5", "Kimi K2.5", TEXT_IMAGE, 256_000, 16_384),
    unbounded("moonshotai.kimi-k3", "Kimi K3", TEXT_IMAGE, 1_000_000),
    // NVIDIA
    text("nvidia.nemotron-nano-9b-v2", "NVIDIA Nemotron Nano 9B v2", TEXT, 128_000, 8_192),
    text("nvidia.nemotron-nano-12b-v2", "NVIDIA Nemotron Nano 12B v2 VL BF16", TEXT_IMAGE, 128_000, 8_192),
    text("nvidia.nemotron-nano-3-30b", "Nemotron Nano 3 30B", TEXT, 256_000, 8_192),
    text("nvidia.nemotron-super-3-120b", "NVIDIA Nemotron 3 Super 120B", TEXT, 256_000, 32_768),
    // OpenAI
    text("openai.gpt-5.4", "GPT-5.4", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-5.5", "GPT-5.5", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-5.6-luna", "GPT-5.6 Luna", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-5.6-terra", "GPT-5.6 Terra", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-5.6-sol", "GPT-5.6 Sol", TEXT_IMAGE, 1_050_000, 128_000),
    unbounded("openai.gpt-5.6-cyber", "Daybreak Red GPT-5.6 Cyber", TEXT_IMAGE, 272_000),
    unbounded("openai.gpt-daybreak-blue-5.6-sol", "Daybreak Blue GPT-5.6 Sol", TEXT_IMAGE, 1_000_000),
    text("openai.gpt-6-luna", "GPT-6 Luna", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-6-sol", "GPT-6 Sol", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-6-astra", "GPT-6 Astra", TEXT_IMAGE, 1_050_000, 128_000),
    text("openai.gpt-6.1-sol", "GPT-6.1 Sol", TEXT_IMAGE, 1_000_000, 131_072),
    text("openai.gpt-oss-20b-1:0", "gpt-oss-20b", TEXT, 128_000, 16_384),
    text("openai.gpt-oss-120b-1:0", "gpt-oss-120b", TEXT, 128_000, 16_384),
    text("openai.gpt-oss-safeguard-20b", "GPT OSS Safeguard 20B", TEXT, 128_000, 16_384),
    text("openai.gpt-oss-safeguard-120b", "GPT OSS Safeguard 120B", TEXT, 128_000, 16_384),
    // Qwen
    text("qwen.qwen3-32b-v1:0", "Qwen3 32B (dense)", TEXT, 131_072, 16_384),
    text("qwen.qwen3-235b-a22b-2507-v1:0", "Qwen3 235B A22B 2507", TEXT, 262_144, 131_072),
    text("qwen.qwen3-coder-30b-a3b-v1:0", "Qwen3 Coder 30B A3B Instruct", TEXT, 262_144, 131_072),
    text("qwen.qwen3-coder-480b-a35b-v1:0", "Qwen3 Coder 480B A35B Instruct", TEXT, 262_144, 65_536),
    text("qwen.qwen3-coder-next", "Qwen3 Coder Next", TEXT, 256_000, 16_384),
    text("qwen.qwen3-next-80b-a3b", "Qwen3 Next 80B A3B", TEXT, 256_000, 8_192),
    text("qwen.qwen3-vl-235b-a22b", "Qwen3 VL 235B A22B", TEXT_IMAGE, 256_000, 8_192),
    // Stability AI
    other("stability.sd3-5-large-v1:0", "Stable Diffusion 3.5 Large", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-core-v1:1", "Stable Image Core 1.0", TEXT, IMAGE),
    other("stability.stable-image-ultra-v1:1", "Stable Image Ultra 1.0", TEXT_IMAGE, IMAGE),
    other("stability.stable-conservative-upscale-v1:0", "Stable Image Conservative Upscale", TEXT_IMAGE, IMAGE),
    other("stability.stable-creative-upscale-v1:0", "Stable Image Creative Upscale", TEXT_IMAGE, IMAGE),
    other("stability.stable-fast-upscale-v1:0", "Stable Image Fast Upscale", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-control-sketch-v1:0", "Stable Image Control Sketch", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-control-structure-v1:0", "Stable Image Control Structure", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-erase-object-v1:0", "Stable Image Erase Object", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-inpaint-v1:0", "Stable Image Inpaint", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-remove-background-v1:0", "Stable Image Remove Background", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-search-recolor-v1:0", "Stable Image Search and Recolor", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-search-replace-v1:0", "Stable Image Search and Replace", TEXT_IMAGE, IMAGE),
    other("stability.stable-image-style-guide-v1:0", "Stable Image Style Guide", TEXT_IMAGE, IMAGE),
    other("stability.stable-outpaint-v1:0", "Stable Image Outpaint", TEXT_IMAGE, IMAGE),
    other("stability.stable-style-transfer-v1:0", "Stable Image Style Transfer", TEXT_IMAGE, IMAGE),
    // TwelveLabs
    legacy(other("twelvelabs.marengo-embed-2-7-v1:0", "Marengo Embed 2.7", TEXT_IMAGE_VIDEO_SPEECH, EMBEDDING)),
    other("twelvelabs.marengo-embed-3-0-v1:0", "Marengo Embed 3.0", TEXT_IMAGE_VIDEO_SPEECH, EMBEDDING),
    streaming(other("twelvelabs.pegasus-1-2-v1:0", "Pegasus v1.2", TEXT_VIDEO, TEXT)),
    // Writer
    text("writer.palmyra-vision-7b", "Palmyra Vision 7B", TEXT_IMAGE, 4_096, 4_096),
    text("writer.palmyra-x4-v1:0", "Palmyra X4", TEXT, 128_000, 8_192),
    text("writer.palmyra-x5-v1:0", "Palmyra X5", TEXT, 128_000, 8_192),
    // xAI
    unbounded("xai.grok-4.3", "Grok 4.3", TEXT_IMAGE, 1_000_000),
    unbounded("xai.grok-4.6", "Grok 4.6", TEXT_IMAGE, 500_000),
    unbounded("xai.grok-4.7", "Grok 4.7", TEXT_IMAGE, 500_000),
    // Z.AI
    text("zai.glm-4.7", "GLM 4.7", TEXT, 203_000, 4_096),
    text("zai.glm-4.7-flash", "GLM 4.7 Flash", TEXT, 203_000, 4_096),
    text("zai.glm-5", "GLM 5", TEXT, 200_000, 131_072),
    text("zai.glm-5.3", "GLM 5.3", TEXT, 1_000_000, 128_000),
];
