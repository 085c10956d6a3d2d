//! As little HTTP/1.1 as a request needs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use bedrock::eventstream::Decoder;
use serde_json::{Value, json};

use crate::Failure;

/// Any id that the built-in model answers for.
const MODEL: &str = "openai.gpt-oss-20b-1:0";
/// Control tokens come first in the built-in vocabulary; without them an answer ends at `maxTokens` only.
const CONTROLS: u32 = 16;
/// Well-formed; a server without keys takes any.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/bedrock/aws4_request, \
     SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// A Converse body whose answer has exactly `max_tokens` tokens.
pub(crate) fn converse(text: &str, max_tokens: u32, seed: Option<u64>) -> Value {
    let bias: serde_json::Map<_, _> =
        (0..CONTROLS).map(|id| (id.to_string(), json!(-100))).collect();
    let mut fields = json!({"logit_bias": bias});
    if let Some(seed) = seed {
        fields["seed"] = json!(seed);
    }
    json!({
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "inferenceConfig": {"maxTokens": max_tokens},
        "additionalModelRequestFields": fields,
    })
}

/// A kept-alive connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), address })
    }

    fn send(&mut self, operation: &str, body: &Value) -> Result<Head, Failure> {
        let body = body.to_string();
        let request = format!(
            "POST /model/{MODEL}/{operation} HTTP/1.1\r\nhost: {}\r\nauthorization: {AUTHORIZATION}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut head = Head { ok: false, length: None };
        let mut line = String::new();
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let lower = line.trim_end().to_ascii_lowercase();
            if lower.is_empty() {
                return Ok(head);
            }
            head.ok |= lower.starts_with("http/1.1 200");
            if let Some(length) = lower.strip_prefix("content-length:") {
                head.length = Some(length.trim().parse()?);
            }
        }
    }

    /// One unary request, read to its end.
    pub(crate) fn converse(&mut self, body: &Value) -> Result<Value, Failure> {
        let head = self.send("converse", body)?;
        let mut answer = vec![0; head.length.ok_or("no length")?];
        self.reader.read_exact(&mut answer)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if head.ok { Ok(answer) } else { Err(answer.to_string().into()) }
    }
}

struct Head {
    ok: bool,
    length: Option<usize>,
}

/// An answer as it is streamed.
pub(crate) struct Stream {
    connection: Connection,
    decoder: Decoder,
    ended: bool,
    /// Tokens of the answer, known at its end.
    pub(crate) output_tokens: u64,
}

impl Stream {
    pub(crate) fn open(address: SocketAddr, body: &Value) -> Result<Self, Failure> {
        let mut connection = Connection::open(address)?;
        let head = connection.send("converse-stream", body)?;
        if !head.ok {
            return Err("the server refused the stream".into());
        }
        Ok(Self { connection, decoder: Decoder::new(), ended: false, output_tokens: 0 })
    }

    /// Waits for more text; `None` at the end.
    pub(crate) fn next_text(&mut self) -> Result<Option<String>, Failure> {
        loop {
            while let Some(frame) = self.decoder.next_frame()? {
                let payload: Value = serde_json::from_slice(&frame.payload)?;
                match frame.string(":event-type") {
                    Some("contentBlockDelta") => {
                        return Ok(payload["delta"]["text"].as_str().map(str::to_owned));
                    }
                    Some("metadata") => {
                        self.output_tokens = payload["usage"]["outputTokens"].as_u64().unwrap_or(0);
                    }
                    Some(_) => {}
                    None => return Err(payload.to_string().into()),
                }
            }
            if self.ended {
                return Ok(None);
            }
            self.read_chunk()?;
        }
    }

    fn read_chunk(&mut self) -> Result<(), Failure> {
        let reader = &mut self.connection.reader;
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16)?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        self.ended = length == 0;
        self.decoder.push(chunk.get(..length).unwrap_or_default());
        Ok(())
    }
}
