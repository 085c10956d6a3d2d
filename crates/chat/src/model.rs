//! A model's way with conversations: its template, tokenizer, control tokens and tool dialect.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use bedrock::canonical::{Markup, Prompt, Request, Role, Thinking, ToolChoice, Turns};
use engine::{Constraint, TokenId, Tokenizer};

use crate::ChatError;
use crate::budget::Budget;
use crate::constraint::{self, Compiler};
use crate::date::Date;
use crate::decoder::{Beginning, Decoder, Setup};
use crate::dialect::{Dialect, Use};
use crate::dialects::{self, FINAL, NEXT};
use crate::documents;
use crate::escape::{Escape, Leads};
use crate::ids::Ids;
use crate::messages;
use crate::raw::{self, Style};
use crate::reasoning::{self, Begin, Plan, Reasoner, Way};
use crate::template::{Marks, Template};

/// Turns requests into prompts and tokens into events, for one model.
pub struct ChatModel {
    tokenizer: Arc<dyn Tokenizer>,
    template: Option<Template>,
    dialect: Option<Dialect>,
    reasoner: Reasoner,
    leads: Leads,
    /// Finds control tokens in rendered text; `None` if the vocabulary has none.
    controls: Option<AhoCorasick>,
    compiler: Compiler,
}

/// A prompt, ready for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptTokens {
    /// Its tokens; empty only for an empty raw prompt of a model without BOS.
    pub tokens: Vec<TokenId>,
    /// Whether the answer begins inside reasoning.
    pub begins_inside: bool,
}

impl ChatModel {
    /// `template` is the Jinja source from the model file; `strftime_now` in it gives the default [`Date`].
    ///
    /// # Errors
    /// [`ChatError::BadTemplate`] if it cannot be compiled.
    pub fn new(tokenizer: Arc<dyn Tokenizer>, template: Option<&str>) -> Result<Self, ChatError> {
        Self::with_date(tokenizer, template, Date::default())
    }

    /// The same, with the day that `strftime_now` gives.
    ///
    /// # Errors
    /// [`ChatError::BadTemplate`] if the template cannot be compiled.
    pub fn with_date(
        tokenizer: Arc<dyn Tokenizer>,
        template: Option<&str>,
        date: Date,
    ) -> Result<Self, ChatError> {
        let text = |id: Option<TokenId>| {
            let controls = tokenizer.controls().iter();
            let found = controls.clone().find(|(_, control)| Some(*control) == id);
            found.map_or_else(String::new, |(text, _)| text.clone())
        };
        let marks = Marks {
            bos: text(tokenizer.bos()),
            eos: text(tokenizer.stop_tokens().first().copied()),
        };
        let template = template.map(|source| Template::new(source, &marks, date)).transpose()?;
        let dialect =
            template.as_ref().and_then(|template| Dialect::find(template, tokenizer.as_ref()));
        let channels = template.as_ref().is_some_and(|template| {
            template.abilities.channels
                && dialects::control(tokenizer.as_ref(), "<|channel|>").is_some()
        });
        let reasoner = match &template {
            Some(template) => Reasoner::find(template, channels),
            None => Reasoner { way: None, opens_inside: false },
        };
        let texts = || tokenizer.controls().iter().map(|(text, _)| text.as_str());
        let leads = Leads::new(texts());
        let controls = (!tokenizer.controls().is_empty())
            .then(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts()))
            .transpose()
            .map_err(|error| ChatError::BadTemplate(error.to_string()))?;
        let compiler = Compiler::default();
        Ok(Self { tokenizer, template, dialect, reasoner, leads, controls, compiler })
    }

    /// Whether requests may offer tools.
    #[must_use]
    pub fn supports_tools(&self) -> bool {
        self.dialect.is_some()
    }

    /// The name of the way in which this model writes tool calls, if it does.
    #[must_use]
    pub fn dialect(&self) -> Option<&'static str> {
        self.dialect.as_ref().map(|dialect| dialect.syntax.name())
    }

    /// Whether this model reasons before it answers.
    #[must_use]
    pub fn reasons(&self) -> bool {
        self.reasoner.way.is_some()
    }

    /// Tokens that end an answer.
    #[must_use]
    pub fn stop_tokens(&self) -> Vec<TokenId> {
        self.tokenizer.stop_tokens().to_vec()
    }

    /// Tokens that an answer to this request must not hold, whatever its logit biases say: those that only a tool call
    /// has, if no tool is offered.
    #[must_use]
    pub fn forbidden_tokens(&self, request: &Request) -> Vec<TokenId> {
        let Some(dialect) = self.dialect.as_ref().filter(|_| Use::of(request) == Use::No) else {
            return Vec::new();
        };
        let stops = self.tokenizer.stop_tokens();
        let others = dialect.syntax.only_in_calls().iter();
        let others = others.filter_map(|text| dialects::control(self.tokenizer.as_ref(), text));
        let mut tokens: Vec<TokenId> = dialect.token.into_iter().chain(others).collect();
        tokens.sort_unstable();
        tokens.dedup();
        // A model whose answers end with such a token must be able to end them.
        tokens.retain(|token| !stops.contains(token) || stops.len() > 1);
        tokens
    }

    /// What holds the reasoning of one answer to its budget, if the request has one and the template cannot be told.
    #[must_use]
    pub fn reasoning_limit(&self, request: &Request) -> Option<Box<dyn Constraint>> {
        let limit = self.plan(request).ok()?.limit?;
        // A budget comes with reasoning that was asked for; then the prompt's text need not be looked at.
        let tags = self.reasoner.tags().filter(|_| self.begins_inside(request, ""))?;
        let ending = self.cut(&tags.ending(), str::to_owned);
        Some(Box::new(Budget::new(Arc::clone(&self.tokenizer), limit, tags.close, ending)))
    }

    /// The prompt of a request.
    ///
    /// # Errors
    /// [`ChatError`] says what this model cannot do with it.
    pub fn prompt(&self, request: &Request) -> Result<PromptTokens, ChatError> {
        match &request.prompt {
            Prompt::Turns(turns) => self.turns(turns, request),
            Prompt::Raw { text, markup } => self.raw(text, *markup, request),
        }
    }

    /// Whether [`constraints`](Self::constraints) has work to do.
    #[must_use]
    pub fn is_constrained(&self, request: &Request) -> bool {
        constraint::binds(request, &self.tool_use(request))
    }

    /// What the answer must be, one constraint per choice; none if it is free. Compiles schemas, which takes up to about a
    /// second of work: not for threads that must not block.
    ///
    /// # Errors
    /// [`ChatError`] names what cannot be enforced.
    pub fn constraints(&self, request: &Request) -> Result<Vec<Box<dyn Constraint>>, ChatError> {
        let continues = match &request.prompt {
            Prompt::Turns(turns) => {
                turns.messages.last().is_some_and(|message| message.role == Role::Assistant)
            }
            Prompt::Raw { .. } => false,
        };
        if continues && request.output_format.is_some() {
            return Err(ChatError::Invalid(
                "an answer with an output schema cannot continue a text of the assistant",
            ));
        }
        let tool_use = self.tool_use(request);
        // A budget is held by a constraint of its own, and an answer has one.
        if request.output_format.is_none()
            && self.reasoning_limit(request).is_some()
            && self.is_constrained(request)
        {
            return Err(ChatError::BudgetWithStrict(request.reasoning.named));
        }
        self.compiler.constraints(request, &tool_use, self.dialect.as_ref(), &self.tokenizer)
    }

    /// Prepares the vocabulary for [`constraints`](Self::constraints), which else does it the first time.
    pub fn load_vocabulary(&self) {
        self.compiler.load_vocabulary(&self.tokenizer);
    }

    fn tool_use(&self, request: &Request) -> Use {
        self.dialect.as_ref().map_or(Use::No, |_| Use::of(request))
    }

    /// The decoder of one answer to a request whose [`prompt`](Self::prompt) says whether it `begins_inside` reasoning.
    #[must_use]
    pub fn decoder(&self, request: &Request, begins_inside: bool, choice: u32) -> Decoder {
        let tool_use = self.tool_use(request);
        // An answer that continues a text keeps the space between them.
        let fresh = match &request.prompt {
            Prompt::Turns(turns) => !continued(turns),
            Prompt::Raw { text, markup } => Style::find(text, *markup).is_some(),
        };
        let in_channels = self.reasoner.way == Some(Way::Channel);
        // A raw prompt's answer is raw text.
        let chat = matches!(request.prompt, Prompt::Turns(_));
        let thinking = reasoning::wish(request);
        let beginning = match thinking {
            _ if !chat || !fresh => Beginning::Text,
            Thinking::Off if in_channels => Beginning::Text,
            _ if in_channels => Beginning::Header,
            _ if begins_inside => Beginning::Reasoning,
            _ => Beginning::Turn,
        };
        Decoder::new(Setup {
            tokenizer: Arc::clone(&self.tokenizer),
            choice,
            stops: request.stop_sequences.clone(),
            dialect: self.dialect.clone(),
            tools: request.tools.clone(),
            tool_use,
            one_call: request.one_call,
            skip_first_space: fresh && self.tokenizer.adds_space_prefix(),
            ids: Ids::new(request, choice),
            tags: self.reasoner.tags().filter(|_| chat),
            beginning,
            channels: in_channels && chat,
        })
    }

    /// Whether the answer to a rendered prompt begins inside reasoning.
    fn begins_inside(&self, request: &Request, rendered: &str) -> bool {
        let (Some(tags), Prompt::Turns(turns)) = (self.reasoner.tags(), &request.prompt) else {
            return false;
        };
        if Use::of(request).forced() || continued(turns) || request.output_format.is_some() {
            return false;
        }
        let on = matches!(request.reasoning.thinking, Thinking::On { .. });
        on || (self.reasoner.opens_inside && tags.inside(rendered))
    }

    fn turns(&self, turns: &Turns, request: &Request) -> Result<PromptTokens, ChatError> {
        let (text, escape) = self.rendered(turns, request)?;
        let tokens = self.with_bos(self.cut(&text, |text| escape.show(text)));
        Ok(PromptTokens { tokens, begins_inside: self.begins_inside(request, &text) })
    }

    /// What the request asks of the model's reasoning.
    fn plan(&self, request: &Request) -> Result<Plan, ChatError> {
        let template = self.template.as_ref().ok_or(ChatError::NoTemplate)?;
        self.reasoner.plan(&template.abilities, &template.source, request)
    }

    /// The text of a prompt, stand-ins in it.
    fn rendered(
        &self,
        turns: &Turns,
        request: &Request,
    ) -> Result<(String, Escape<'_>), ChatError> {
        let template = self.template.as_ref().ok_or(ChatError::NoTemplate)?;
        let tool_use = Use::of(request);
        self.check_tools(turns, request)?;
        let plan = self.plan(request)?;
        let turns = documents::written(turns)?;
        let turns = turns.as_ref();
        let tools = if tool_use == Use::No { &[] } else { request.tools.as_slice() };
        let texts = messages::texts(turns, &request.tools);
        let escape = Escape::new(&self.leads, texts.into_iter().chain([template.source.as_str()]))?;
        let mut prepared = messages::prepare(turns, tools, template, &escape)?;
        prepared.conversation.variables = plan.variables;
        let mut text = template.render(&prepared.conversation)?;
        let begin = match plan.begin {
            Begin::Inside if continued(turns) => {
                return Err(ChatError::Invalid(
                    "an assistant turn cannot be continued while reasoning is asked for",
                ));
            }
            Begin::Empty => Begin::Empty,
            _ if continued(turns) || tool_use.forced() => Begin::Outside,
            begin => begin,
        };
        if let Some(tags) = self.reasoner.tags() {
            begin.apply(tags, &mut text);
        }
        let in_channels = self.reasoner.way == Some(Way::Channel);
        if in_channels && (continued(turns) || begin == Begin::Empty && !tool_use.forced()) {
            text.push_str(FINAL);
        }
        text.push_str(&prepared.prefill);
        if in_channels && continued(turns) && tool_use.forced() {
            text.push_str(NEXT);
        }
        if let Some(dialect) = &self.dialect
            && let Some((markup, call)) = tool_use.opening(dialect)
        {
            text.push_str(markup);
            text.push_str(&escape.hide(&call));
            text.push_str(tool_use.seal(dialect));
        }
        Ok((text, escape))
    }

    fn check_tools(&self, turns: &Turns, request: &Request) -> Result<(), ChatError> {
        let forced = matches!(request.tool_choice, ToolChoice::Any | ToolChoice::Named(_));
        if request.tools.is_empty() && !forced && !messages::uses_tools(turns) {
            return Ok(());
        }
        if self.dialect.is_none() {
            return Err(ChatError::ToolsUnsupported);
        }
        match &request.tool_choice {
            ToolChoice::Any if request.tools.is_empty() => {
                Err(ChatError::Invalid("toolChoice asks for a tool, but none is offered"))
            }
            ToolChoice::Named(name) if request.tools.iter().all(|tool| tool.name != *name) => {
                Err(ChatError::UnknownTool(name.clone()))
            }
            _ => Ok(()),
        }
    }

    fn raw(
        &self,
        text: &str,
        markup: Markup,
        request: &Request,
    ) -> Result<PromptTokens, ChatError> {
        if !request.tools.is_empty() {
            return Err(ChatError::Invalid("a raw prompt takes no tools"));
        }
        let as_it_stands =
            |tokens| PromptTokens { tokens: self.with_bos(tokens), begins_inside: false };
        let Some(style) = Style::find(text, markup) else {
            return Ok(as_it_stands(self.tokenizer.encode(text)));
        };
        if self.speaks(style) || self.template.is_none() {
            return Ok(as_it_stands(self.cut(text, str::to_owned)));
        }
        let turns = raw::parse(text, style);
        self.turns(&turns, request)
    }

    /// Whether the model was trained on this markup.
    fn speaks(&self, style: Style) -> bool {
        let texts = style.controls();
        texts.iter().all(|text| self.tokenizer.control(text).is_some())
            || (style == Style::Inst
                && self.template.as_ref().is_some_and(|template| {
                    texts.iter().all(|text| template.source.contains(text))
                }))
    }

    /// Tokens of a rendered text: control tokens where their texts stand, the rest as `show` makes it.
    fn cut(&self, text: &str, show: impl Fn(&str) -> String) -> Vec<TokenId> {
        let mut tokens = Vec::with_capacity(text.len() / 3);
        let plain = |text: &str, tokens: &mut Vec<TokenId>| {
            if !text.is_empty() {
                tokens.extend(self.tokenizer.encode(&show(text)));
            }
        };
        let mut done = 0;
        for found in self.controls.iter().flat_map(|controls| controls.find_iter(text)) {
            plain(&text[done..found.start()], &mut tokens);
            tokens.push(self.tokenizer.controls()[found.pattern().as_usize()].1);
            done = found.end();
        }
        plain(&text[done..], &mut tokens);
        tokens
    }

    /// Puts BOS in front if the model wants it and the template did not.
    fn with_bos(&self, mut tokens: Vec<TokenId>) -> Vec<TokenId> {
        if let Some(bos) = self.tokenizer.bos()
            && self.tokenizer.add_bos()
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
        tokens
    }
}

/// Whether the last turn is the assistant's, to be continued.
fn continued(turns: &Turns) -> bool {
    turns.messages.last().is_some_and(|message| message.role == Role::Assistant)
}
