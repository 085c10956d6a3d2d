//! `outcrop models`: which ids are known, and what answers for each under the present configuration.

use std::collections::BTreeMap;
use std::io::Write as _;

use bedrock::catalogue::{self, Model};
use server::ModelSource;

use crate::{cli, config, out};

pub(crate) fn run(args: &cli::Models) -> anyhow::Result<()> {
    let config = config::load_place(&args.place)?.server;
    let mut out = out::stdout();
    writeln!(out, "{:<50} {:>9} {:>10}  ANSWERED BY", "MODEL ID", "CONTEXT", "MAX OUTPUT")?;
    for model in catalogue::all() {
        let by = answered_by(model, &config.models, &config.default_model);
        let (context, output) = (count(model.context), count(model.max_output));
        writeln!(out, "{:<50} {context:>9} {output:>10}  {by}", model.id)?;
    }
    for (id, source) in config.models.iter().filter(|(id, _)| catalogue::find(id).is_none()) {
        writeln!(out, "{id:<50} {:>9} {:>10}  {source}", "-", "-")?;
    }
    out.flush()?;
    Ok(())
}

fn answered_by(
    model: &Model,
    models: &BTreeMap<String, ModelSource>,
    default: &ModelSource,
) -> String {
    match models.get(model.id) {
        Some(source) => source.to_string(),
        None if model.generates_text() => format!("{default} (alias)"),
        None => {
            let output: Vec<_> =
                model.output.iter().map(|modality| modality.name().to_lowercase()).collect();
            format!("nothing: gives {}", output.join(", "))
        }
    }
}

fn count(tokens: Option<u32>) -> String {
    tokens.map_or("-".to_owned(), |tokens| tokens.to_string())
}
