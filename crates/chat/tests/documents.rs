//! Real files of every format, files made to do harm, and arbitrary bytes.

use std::io::{Cursor, Write as _};

use bedrock::canonical::DocumentFormat;
use chat::{DocumentError, document_text};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

#[path = "fuzz/documents.rs"]
mod documents;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/documents");

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{CORPUS}/{name}")).expect("the corpus is there")
}

fn text(name: &str) -> Result<String, DocumentError> {
    documents::read(&file(name)).expect("no file is empty")
}

/// What each file of the corpus says.
const TEXTS: [(&str, &str); 12] = [
    ("csv_table", "a;b\n1;2"),
    ("docx_report", "Report\nSales rose & costs fell.\nCity\tPeople\nBern\t134591\nEnd\tof it"),
    (
        "html_page",
        "News\n\n## Café\n\nOne two\nthree & four\n\n- a\n- b\n\nx\ty\n1\t2\n\n  keep\n this",
    ),
    ("md_notes", "# Notes\n\n- one"),
    ("pdf_composite", "hello world\nab c"),
    ("pdf_packed", "Grüße aus Köln\nStamp in a form"),
    ("pdf_plain", "Invoice 4711\nTotal: 12.50 EUR\n\nSecond page (été)"),
    ("txt_1252", "café €"),
    ("txt_utf16", "Grüße"),
    ("xls_costs", "# Costs\nItem\tPrice\tDate\nTea\t2.5\t2026-11-25\nGrüße 世\t3\nTRUE"),
    ("xlsx_shared", COSTS),
    ("xlsx_costs", COSTS),
];

const COSTS: &str = "# Costs\nItem\tPrice\tDate\nTea\t2.5\t2026-11-25\n\tTRUE\n\n# Empty\n\n# Times\n2026-01-02 03:04:05";

#[test]
fn files_of_every_format_give_their_text() {
    for (name, expected) in TEXTS {
        assert_eq!(text(name).as_deref(), Ok(expected), "{name}");
    }
}

#[test]
fn what_has_no_text_is_refused_with_the_reason() {
    let cases = [
        ("doc_legacy", DocumentError::Legacy),
        ("pdf_encrypted", DocumentError::Encrypted),
        ("pdf_no_text", DocumentError::NoText),
        ("txt_binary", DocumentError::Damaged("text")),
        ("xlsx_greedy", DocumentError::TooLarge { limit: 4_000_000, what: "strings" }),
    ];
    for (name, expected) in cases {
        assert_eq!(text(name), Err(expected), "{name}");
    }
}

/// A zip with one part.
fn zipped(name: &str, part: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file(name, deflated).expect("in memory");
    zip.write_all(part).expect("in memory");
    zip.finish().expect("in memory").into_inner()
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let too_large = |text: Result<String, DocumentError>| {
        assert!(matches!(text, Err(DocumentError::TooLarge { .. })), "{text:?}");
    };
    let blanks = vec![b' '; 65 << 20];
    too_large(document_text(DocumentFormat::Docx, &zipped("word/document.xml", &blanks)));
    too_large(document_text(DocumentFormat::Xlsx, &zipped("xl/anything.bin", &blanks)));
    // One shared string in very many cells.
    let text = "x".repeat(60_000);
    let part = format!("<w:p>{}</w:p>", format!("<w:t>{text}</w:t>").repeat(100));
    too_large(document_text(DocumentFormat::Docx, &zipped("word/document.xml", part.as_bytes())));
    too_large(document_text(DocumentFormat::Html, "<td>x".repeat(2_600_000).as_bytes()));
    too_large(document_text(DocumentFormat::Pdf, &nested_forms()));
}

/// Forms of which each draws the next one ten times: ten billion strings on one page.
fn nested_forms() -> Vec<u8> {
    let mut file = String::from(
        "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
         2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/Resources<</XObject<</X 10 0 R>>>>/Contents 4 0 R>> endobj\n\
         4 0 obj <</Length 5>>stream\n/X Do\nendstream endobj\n",
    );
    for number in 10..20 {
        let drawn = "/X Do ".repeat(10);
        let next = number + 1;
        file += &format!(
            "{number} 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<</XObject<</X {next} 0 R>>>>\
             /Length {}>>stream\n{drawn}\nendstream endobj\n",
            drawn.len()
        );
    }
    file += "20 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Length 3>>stream\nq Q\nendstream endobj\n";
    file += "trailer <</Root 1 0 R>>\n";
    file.into_bytes()
}

#[test]
fn a_pdf_that_draws_itself_is_refused() {
    let file = String::from_utf8(nested_forms()).unwrap().replace("/X 11 0 R", "/X 10 0 R");
    let text = document_text(DocumentFormat::Pdf, file.as_bytes());
    assert!(matches!(text, Err(DocumentError::TooLarge { .. })), "{text:?}");
}

/// A file of one page that draws object 4 with the resources of object 5.
fn pdf(objects: &str) -> Vec<u8> {
    let start = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
                 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                 3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources 5 0 R>>endobj\n";
    format!("{start}{objects}\ntrailer<</Root 1 0 R>>\n").into_bytes()
}

fn stream(number: u32, dict: &str, data: &str) -> String {
    let length = data.len();
    format!("{number} 0 obj<<{dict}/Length {length}>>stream\n{data}\nendstream endobj\n")
}

fn pdf_text(objects: &str) -> Result<String, DocumentError> {
    document_text(DocumentFormat::Pdf, &pdf(objects))
}

#[test]
fn a_length_may_stand_in_another_object_but_not_in_a_chain_of_streams() {
    let font = "5 0 obj<</Font<</F 6 0 R>>>>endobj 6 0 obj<</Type/Font/Subtype/Type1>>endobj\n";
    let page = "4 0 obj<</Length 7 0 R>>stream\nBT /F 1 Tf (far) Tj ET\nendstream endobj 7 0 obj 22 endobj\n";
    let chain = |number: u32| {
        let next = number + 1;
        format!("{number} 0 obj<</Length {next} 0 R>>stream\n\nendstream endobj\n")
    };
    let chain: String = (10..20_000).map(chain).collect();
    assert_eq!(pdf_text(&format!("{font}{page}{chain}")).as_deref(), Ok("far"));
}

#[test]
fn objects_within_one_another_are_refused() {
    let count = 20_000;
    let repeated = |object: &dyn Fn(u32) -> String| (10..count).map(object).collect::<String>();
    let length = |number: u32| 40 * (count - number - 1);
    for objects in [
        repeated(&|number| format!("{number} 0 obj% ")),
        repeated(&|number| format!("{number} 0 obj 1 endobj% ")),
        repeated(&|number| format!("{number} 0 obj(\\( ")) + ")",
        repeated(&|number| format!("{number:07} 0 obj<</Length {:09}>>stream\n", length(number)))
            + "\nendstream",
        repeated(&|number| format!("{number:07} 0 obj<</Length {:08}.>>stream\n", length(number))),
    ] {
        assert_eq!(pdf_text(&objects), Err(DocumentError::Damaged("pdf")), "{}", &objects[..60]);
    }
}

#[test]
fn members_of_a_group_that_share_their_bytes_are_refused() {
    let index: String =
        (0..20_000).map(|member| format!("{} {} ", member + 10, 2 * member)).collect();
    let data = format!("{index}({}", "\\(".repeat(20_000));
    let dict = format!("/Type/ObjStm/N 20000/First {}", index.len());
    assert_eq!(pdf_text(&stream(8, &dict, &data)), Err(DocumentError::Damaged("pdf")));
}

#[test]
fn fonts_are_bounded_together() {
    let too_large = |objects: &str| {
        let text = pdf_text(objects);
        assert!(matches!(text, Err(DocumentError::TooLarge { .. })), "{text:?}");
    };
    let many = |font: &str, others: &str| {
        let numbers = || 10..12_000;
        let names: String = numbers().map(|number| format!("/F{number} {number} 0 R")).collect();
        let fonts: String =
            numbers().map(|number| format!("{number} 0 obj<<{font}>>endobj\n")).collect();
        let drawn: String = numbers().map(|number| format!("/F{number} 1 Tf ")).collect();
        format!("5 0 obj<</Font<<{names}>>>>endobj\n{fonts}{others}{}", stream(4, "", &drawn))
    };
    too_large(&many("/Subtype/Type1", ""));
    too_large(&many("/Subtype/Type0/DescendantFonts[6 0 R]", "6 0 obj<</W[0 99999 500]>>endobj\n"));
    // A code that stands for a long text, many times.
    let font =
        "5 0 obj<</Font<</F 6 0 R>>>>endobj 6 0 obj<</Subtype/Type1/ToUnicode 7 0 R>>endobj\n";
    let map = format!("1 beginbfchar <61> <{}> endbfchar", "0041".repeat(100_000));
    let drawn = format!("BT /F 1 Tf ({}) Tj", "a".repeat(1_000_000));
    too_large(&format!("{font}{}{}", stream(7, "", &map), stream(4, "", &drawn)));
}

#[test]
fn the_fuzzers_corpus_and_its_damaged_forms_get_an_answer() {
    for entry in std::fs::read_dir(CORPUS).unwrap() {
        let data = std::fs::read(entry.unwrap().path()).unwrap();
        documents::check(&data);
        let step = (data.len() / 40).max(1);
        for at in (1..data.len()).step_by(step) {
            documents::check(&data[..at]);
            let mut damaged = data.clone();
            damaged[at] = !damaged[at];
            documents::check(&damaged);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(data in prop::collection::vec(any::<u8>(), 0..256)) {
        documents::check(&data);
    }

    #[test]
    fn a_good_file_with_a_part_replaced_gets_an_answer(
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        new in prop::collection::vec(any::<u8>(), 1..16),
    ) {
        let (name, _) = TEXTS[pick.index(TEXTS.len())];
        let mut data = file(name);
        let start = 1 + at.index(data.len() - 1);
        let end = (start + new.len()).min(data.len());
        data.splice(start..end, new);
        documents::check(&data);
    }
}
