//! Families: which native body shape a model id speaks.
//!
//! A family is found by the longest known prefix of the base model id (no geo prefix). A new model of a known vendor
//! needs nothing here; a new shape is a variant, a row of `FAMILIES` and rows of `PREFIXES`. Ids of no known vendor speak
//! one of the forms of imported models, told by the body: see [`crate::families`].
//! Source: the "model parameters" pages of the Bedrock user guide.

/// A native request and response shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "vendors' own names; see FAMILIES")]
pub enum Family {
    AnthropicMessages,
    MetaLlama,
    OpenAiChat,
    Nova,
    TitanText,
    MistralText,
    MistralChat,
    CohereCommand,
    Jamba,
    DeepSeek,
    OpenAiCompletion,
    ImportedCompletion,
    TitanEmbedText,
    TitanEmbedImage,
    NovaEmbed,
    CohereEmbed,
    Marengo,
    AmazonRerank,
    CohereRerank,
    AmazonImage,
    StabilityImage,
    NovaReel,
    LumaVideo,
    Pegasus,
    NovaSonic,
}

/// What a family's models do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// Generates text from text (and perhaps images): served by Converse and InvokeModel.
    Text,
    /// Text or images to vectors.
    Embedding,
    /// Orders documents by relevance.
    Rerank,
    /// Generates images.
    Image,
    /// Generates video.
    Video,
    /// Generates text from video only.
    VideoText,
    /// Speech in, speech out, over a duplex stream.
    Speech,
}

struct FamilyRow {
    family: Family,
    name: &'static str,
    task: Task,
}

/// In the order of [`Family`], so that a family is its index; a test holds it.
const FAMILIES: [FamilyRow; 25] = {
    use Family::*;
    const fn row(family: Family, name: &'static str, task: Task) -> FamilyRow {
        FamilyRow { family, name, task }
    }
    [
        row(AnthropicMessages, "Anthropic Messages", Task::Text),
        row(MetaLlama, "Meta Llama", Task::Text),
        row(OpenAiChat, "OpenAI chat completions", Task::Text),
        row(Nova, "Amazon Nova", Task::Text),
        row(TitanText, "Amazon Titan Text", Task::Text),
        row(MistralText, "Mistral text completion", Task::Text),
        row(MistralChat, "Mistral chat completion", Task::Text),
        row(CohereCommand, "Cohere Command R", Task::Text),
        row(Jamba, "AI21 Jamba", Task::Text),
        row(DeepSeek, "DeepSeek text completion", Task::Text),
        row(OpenAiCompletion, "OpenAI completions", Task::Text),
        row(ImportedCompletion, "imported-model completion", Task::Text),
        row(TitanEmbedText, "Amazon Titan Text Embeddings", Task::Embedding),
        row(TitanEmbedImage, "Amazon Titan Multimodal Embeddings", Task::Embedding),
        row(NovaEmbed, "Amazon Nova Multimodal Embeddings", Task::Embedding),
        row(CohereEmbed, "Cohere Embed", Task::Embedding),
        row(Marengo, "TwelveLabs Marengo Embed", Task::Embedding),
        row(AmazonRerank, "Amazon Rerank", Task::Rerank),
        row(CohereRerank, "Cohere Rerank", Task::Rerank),
        row(AmazonImage, "Amazon image generation", Task::Image),
        row(StabilityImage, "Stability AI image generation", Task::Image),
        row(NovaReel, "Amazon Nova Reel", Task::Video),
        row(LumaVideo, "Luma Ray", Task::Video),
        row(Pegasus, "TwelveLabs Pegasus", Task::VideoText),
        row(NovaSonic, "Amazon Nova Sonic", Task::Speech),
    ]
};

/// Prefix of the base model id and the family of the models that begin so. The longest prefix wins.
const PREFIXES: &[(&str, Family)] = &[
    ("ai21.jamba", Family::Jamba),
    ("amazon.nova-", Family::Nova),
    ("amazon.nova-2-multimodal-embeddings", Family::NovaEmbed),
    ("amazon.nova-2-sonic", Family::NovaSonic),
    ("amazon.nova-canvas", Family::AmazonImage),
    ("amazon.nova-reel", Family::NovaReel),
    ("amazon.nova-sonic", Family::NovaSonic),
    ("amazon.rerank", Family::AmazonRerank),
    ("amazon.titan-embed-image", Family::TitanEmbedImage),
    ("amazon.titan-embed-text", Family::TitanEmbedText),
    ("amazon.titan-image", Family::AmazonImage),
    ("amazon.titan-text", Family::TitanText),
    ("amazon.titan-tg1", Family::TitanText),
    ("anthropic.claude", Family::AnthropicMessages),
    ("cohere.command-r", Family::CohereCommand),
    ("cohere.embed", Family::CohereEmbed),
    ("cohere.rerank", Family::CohereRerank),
    ("deepseek.", Family::OpenAiChat),
    ("deepseek.r1", Family::DeepSeek),
    ("google.gemma", Family::OpenAiChat),
    ("luma.ray", Family::LumaVideo),
    ("meta.llama", Family::MetaLlama),
    ("minimax.", Family::OpenAiChat),
    ("mistral.", Family::OpenAiChat),
    ("mistral.mistral-7b", Family::MistralText),
    ("mistral.mistral-large-2402", Family::MistralText),
    ("mistral.mistral-large-2407", Family::MistralChat),
    ("mistral.mistral-small-2402", Family::MistralText),
    ("mistral.mixtral", Family::MistralText),
    ("mistral.pixtral", Family::MistralChat),
    ("moonshot.", Family::OpenAiChat),
    ("moonshotai.", Family::OpenAiChat),
    ("nvidia.", Family::OpenAiChat),
    ("openai.", Family::OpenAiChat),
    ("qwen.", Family::OpenAiChat),
    ("stability.", Family::StabilityImage),
    ("twelvelabs.marengo", Family::Marengo),
    ("twelvelabs.pegasus", Family::Pegasus),
    ("writer.palmyra", Family::OpenAiChat),
    ("xai.", Family::OpenAiChat),
    ("zai.", Family::OpenAiChat),
];

impl Family {
    /// The family of a base model id (without geo prefix), if the id begins like a known vendor's.
    #[must_use]
    pub fn of(base_id: &str) -> Option<Family> {
        PREFIXES
            .iter()
            .filter(|(prefix, _)| base_id.starts_with(prefix))
            .max_by_key(|(prefix, _)| prefix.len())
            .map(|(_, family)| *family)
    }

    /// Its name for people, for example in the message that refuses a body.
    #[must_use]
    pub fn name(self) -> &'static str {
        FAMILIES[self as usize].name
    }

    /// What its models do.
    #[must_use]
    pub fn task(self) -> Task {
        FAMILIES[self as usize].task
    }

    /// Whether its models generate text from text.
    #[must_use]
    pub fn generates_text(self) -> bool {
        self.task() == Task::Text
    }

    /// Every family, in the order of the table.
    pub fn all() -> impl Iterator<Item = Family> {
        FAMILIES.iter().map(|row| row.family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_families() {
        for (index, row) in FAMILIES.iter().enumerate() {
            assert_eq!(row.family as usize, index, "{}", row.name);
        }
        assert_eq!(FAMILIES.len(), Family::NovaSonic as usize + 1);
    }

    #[test]
    fn the_longest_prefix_wins() {
        let cases = [
            ("anthropic.claude-3-haiku-20240307-v1:0", Some(Family::AnthropicMessages)),
            ("amazon.nova-pro-v1:0", Some(Family::Nova)),
            ("amazon.nova-canvas-v1:0", Some(Family::AmazonImage)),
            ("deepseek.r1-v1:0", Some(Family::DeepSeek)),
            ("deepseek.v3-v1:0", Some(Family::OpenAiChat)),
            ("mistral.mistral-large-2407-v1:0", Some(Family::MistralChat)),
            ("mistral.mistral-large-2402-v1:0", Some(Family::MistralText)),
            ("openai.gpt-oss-20b-1:0", Some(Family::OpenAiChat)),
            ("xai.grok-4.6", Some(Family::OpenAiChat)),
            ("Qwen/Qwen3-8B", None),
            ("anthropic", None),
            ("", None),
        ];
        for (id, family) in cases {
            assert_eq!(Family::of(id), family, "{id}");
        }
    }

    #[test]
    fn every_family_is_reached_by_some_prefix() {
        // These two are told by the body alone.
        let told = [Family::OpenAiCompletion, Family::ImportedCompletion];
        for family in Family::all().filter(|family| !told.contains(family)) {
            assert!(PREFIXES.iter().any(|(_, of)| *of == family), "{}", family.name());
        }
        assert!(Family::MetaLlama.generates_text() && !Family::CohereEmbed.generates_text());
    }
}
