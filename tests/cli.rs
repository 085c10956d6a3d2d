//! The command line as a user meets it: the real binary as a process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The binary with a home of its own and nothing else of this machine's environment.
fn outcrop(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outcrop"));
    command.args(arguments).env_clear().env("HOME", home);
    command
}

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    outcrop(home.path(), arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_of_every_command_has_examples_and_succeeds() {
    assert!(stdout(&run(&["--help"])).contains("Exit codes"));
    for command in ["serve", "chat", "tune", "models", "keys", "doctor"] {
        let output = run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("Examples:"), "{command}");
    }
}

#[test]
fn wrong_arguments_exit_with_2() {
    for arguments in [&["serv"][..], &["serve", "--port", "1"], &["keys"], &["keys", "revoke"], &[]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_wrong_configuration_exits_with_64_and_names_every_mistake() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("outcrop.toml");
    std::fs::write(&file, "listen = 'here'\nthreads = 0\n[models]\n'a' = 'no.gguf'\n").unwrap();
    for command in ["serve", "models", "doctor"] {
        let output = outcrop(home.path(), &[command, "--config"]).arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{command}: {}", stderr(&output));
        for part in ["listen", "threads", "no.gguf"] {
            assert!(stderr(&output).contains(part), "{command}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    let output = run(&["models", "--config", "/nowhere/outcrop.toml"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("/nowhere/outcrop.toml"));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["models"][..], &["--help"], &["doctor"]] {
        let mut child = outcrop(home.path(), arguments)
            .env("OUTCROP_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(!stderr(&output).contains("panicked"), "{arguments:?}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn models_lists_each_id_and_what_answers() {
    let text = stdout(&run(&["models"]));
    let line = |id: &str| {
        text.lines()
            .find(|line| line.starts_with(id))
            .unwrap_or_else(|| panic!("no {id}"))
            .to_owned()
    };
    assert!(line("anthropic.claude-3-haiku-20240307-v1:0").contains("the built-in model (alias)"));
    assert!(line("amazon.titan-embed-text-v2:0").contains("nothing: gives embedding"));
    assert!(text.lines().count() > 50);
}

#[test]
fn a_key_is_shown_once_then_listed_without_its_secret_then_revoked() {
    let home = tempfile::tempdir().unwrap();
    let keys = |arguments: &[&str]| {
        outcrop(home.path(), &[&["keys"], arguments].concat()).output().unwrap()
    };
    let made = stdout(&keys(&["add", "--name", "laptop", "--account", "123456789012"]));
    let value = |name: &str| {
        let line = made.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
        line.unwrap_or_else(|| panic!("no {name} in {made}")).to_owned()
    };
    let (id, secret) = (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"));
    let listed = stdout(&keys(&["ls"]));
    assert!(
        listed.contains(&id) && listed.contains("123456789012") && listed.contains("laptop"),
        "{listed}"
    );
    assert!(!listed.contains(&secret));
    assert_eq!(keys(&["revoke", &id]).status.code(), Some(0));
    assert!(!stdout(&keys(&["ls"])).contains(&id));
    assert_eq!(keys(&["revoke", &id]).status.code(), Some(1), "there is no such key any more");
}

#[test]
fn a_key_with_a_wrong_account_or_right_is_refused() {
    for wrong in [["--account", "12"], ["--rights", "everything"]] {
        let output = run(&["keys", "add", wrong[0], wrong[1]]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(wrong[1]), "{}", stderr(&output));
    }
}

#[test]
fn doctor_finds_nothing_wrong_here_and_names_what_is() {
    let home = tempfile::tempdir().unwrap();
    let well =
        outcrop(home.path(), &["doctor"]).env("OUTCROP_LISTEN", "127.0.0.1:0").output().unwrap();
    assert_eq!(well.status.code(), Some(0), "{}", stdout(&well));
    for part in ["the built-in model: ", "instruction sets", "Nothing is wrong."] {
        assert!(stdout(&well).contains(part), "{}", stdout(&well));
    }
    let open =
        outcrop(home.path(), &["doctor"]).env("OUTCROP_LISTEN", "0.0.0.0:0").output().unwrap();
    assert_eq!(open.status.code(), Some(1));
    assert!(stdout(&open).contains("outcrop keys add"), "{}", stdout(&open));

    let broken = home.path().join("broken.gguf");
    std::fs::write(&broken, b"GGUF\x03\0\0\0 and nothing more").unwrap();
    let config = home.path().join("outcrop.toml");
    std::fs::write(&config, format!("listen = '127.0.0.1:0'\ndefault_model = {broken:?}\n"))
        .unwrap();
    let output = outcrop(home.path(), &["doctor", "--config"]).arg(&config).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("broken.gguf cannot be loaded"), "{}", stdout(&output));
}

#[test]
fn chat_answers_each_line_of_its_input() {
    let home = tempfile::tempdir().unwrap();
    let mut child = outcrop(home.path(), &["chat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = "/set temperature 0\n/set temperature hot\n/set max_tokens 12\nWhat can you do?\n/reset\nWhat can you do?\n";
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("temperature is 0\n") && text.contains("Not set: temperature is 0 to 2"),
        "{text}"
    );
    let (_, answers) = text.split_once("max_tokens is 12\n").unwrap();
    let (first, second) = answers.split_once("The conversation is forgotten.\n").unwrap();
    assert!(!first.trim().is_empty());
    assert_eq!(first, second, "temperature 0, and nothing remembered");
    assert_eq!(stderr(&output).matches("tokens/s").count(), 2, "{}", stderr(&output));
}

/// What `outcrop chat` writes when this is its input.
fn chat(arguments: &[&str], script: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut child = outcrop(home.path(), &[&["chat"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn chat_explains_the_tokens_of_its_last_answer() {
    let script = "/set seed 3\n/set top_k 2\n/set max_tokens 4\nWhat can you do?\n/explain 1\n/reset\n\
                  /explain on\nWhat can you do?\n/explain\n/explain 2\n/explain 9\n";
    let text = stdout(&chat(&[], script));
    let (plain, rest) = text.split_once("The last answer was not explained").unwrap();
    let (_, told) = rest.split_once("explained.\n").unwrap();
    let answer = plain.split_once("max_tokens is 4\n").unwrap().1;
    assert!(told.starts_with(answer), "explaining changes no token: {answer:?} {told}");
    for part in
        ["1:\"", "4:\"", "<- drawn", "tokens left", "top_k", "No change by repetition_penalty"]
    {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert!(told.contains("a token's number from 1 to 4"), "{told}");
}

#[test]
fn chat_takes_presets_by_option_and_by_command() {
    let text = stdout(&chat(
        &["--preset", "creative"],
        "/set\n/preset\n/preset extraction\n/set\n/preset odd\n",
    ));
    let min_p = |value: &str| text.contains(&format!("{:<20} {value:<10}", "min_p"));
    assert!(min_p("0.05") && min_p("0"), "{text}");
    assert!(text.contains("Not set: there is no preset \"odd\"; there are extraction"), "{text}");
    let refused = run(&["chat", "--preset", "odd"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("there is no preset"), "{}", stderr(&refused));
}

#[test]
fn tune_gives_the_same_table_and_page_each_time() {
    let home = tempfile::tempdir().unwrap();
    let schema = home.path().join("schema.json");
    std::fs::write(&schema, r#"{"type": "object"}"#).unwrap();
    let tune = |page: &str| {
        let lists =
            ["--temperature", "0,1", "--top-p", "0.5,1", "--seeds", "3", "--max-tokens", "12"];
        let output = outcrop(home.path(), &["tune", "Tell me a <b>story</b>."])
            .args(lists)
            .args(["--explain=1", "--html", page, "--schema"])
            .arg(&schema)
            .current_dir(home.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (
            stdout(&output).replace(page, "PAGE"),
            std::fs::read_to_string(home.path().join(page)).unwrap(),
        )
    };
    let (first, second) = (tune("a.html"), tune("b.html"));
    assert_eq!(first, second);
    let (table, page) = first;
    let row = |start: [&str; 2]| {
        let cells = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut rows = cells.filter(|cells| cells.starts_with(&start));
        rows.next().unwrap_or_else(|| panic!("no row {start:?} in {table}"))
    };
    // At temperature 0 all seeds give one answer; at temperature 1 they do not.
    assert_eq!(row(["0", "1"])[2..4], ["1.00", "1.00"]);
    assert_ne!(row(["1", "1"])[2], "1.00");
    for part in ["distinct-3", "entropy", "repeated", "valid", "<- drawn"] {
        assert!(table.contains(part), "no {part} in {table}");
    }
    assert!(page.contains("Tell me a &lt;b&gt;story&lt;/b&gt;."), "the prompt is escaped");
}

#[test]
fn tune_refuses_what_is_wrong_before_it_loads_a_model() {
    for (arguments, why) in [
        (["--temperature", "0,3"], "--temperature: \"3\" is wrong: temperature is 0 to 2"),
        (["--seeds", "401"], "one call makes at most 400"),
        (["--preset", "odd"], "--preset: there is no preset"),
        (["--schema", "/nowhere.json"], "--schema: cannot read /nowhere.json"),
    ] {
        let output = run(&[&["tune", "Hi", "--model", "/nowhere.gguf"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

/// A server as a process, killed if the test ends early.
struct Serving(Child, #[expect(dead_code, reason = "keeps the folder")] TempDir);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serve_says_where_it_listens_and_what_answers_and_ends_on_a_signal() {
    let home = tempfile::tempdir().unwrap();
    let child = outcrop(home.path(), &["serve", "--listen", "127.0.0.1:0", "--examples"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut serving = Serving(child, home);
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("listening on http://127.0.0.1:") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    let kill = Command::new("kill").arg(serving.0.id().to_string()).status().unwrap();
    assert!(kill.success());
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(serving.0.wait().unwrap().code(), Some(0), "{said}");
    for part in ["alias", "boto3", "curl", "accepts any credentials"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}
