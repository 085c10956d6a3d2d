use super::*;
use crate::{FakeModel, Model};

fn cache(num_blocks: u32) -> KvCache {
    KvCache::new(num_blocks, FakeModel::new(10, 10).info())
}

fn filled(kv: &mut KvCache, tokens: &[TokenId]) -> Table {
    let mut table = kv.table(0);
    kv.grow(&mut table, tokens.len()).unwrap();
    kv.commit(&mut table, tokens, tokens.len());
    table
}

#[test]
fn full_blocks_are_adopted_but_never_the_last_token() {
    let mut kv = cache(8);
    let tokens: Vec<TokenId> = (0..40).collect();
    let first = filled(&mut kv, &tokens);
    let mut second = kv.table(0);
    assert_eq!(kv.known(0, &tokens), Known { held: 2, idle: 0 });
    assert_eq!(kv.adopt(&mut second, &tokens), 2);
    assert_eq!(second.blocks, first.blocks[..2]);
    let mut third = kv.table(0);
    assert_eq!(kv.adopt(&mut third, &tokens[..32]), 1, "the last token must be computed");
    let mut stranger = kv.table(1);
    assert_eq!(kv.adopt(&mut stranger, &tokens), 0, "another root");
}

#[test]
fn equal_blocks_computed_twice_become_one() {
    let mut kv = cache(8);
    let tokens: Vec<TokenId> = (0..16).collect();
    let first = filled(&mut kv, &tokens);
    let second = filled(&mut kv, &tokens);
    assert_eq!(first.blocks, second.blocks);
    assert_eq!((kv.blocks.references(first.blocks[0]), kv.blocks.available()), (2, 7));
}

#[test]
fn a_shared_half_full_block_is_copied_before_it_is_written() {
    let mut kv = cache(4);
    let tokens: Vec<TokenId> = (0..20).collect();
    let mut first = filled(&mut kv, &tokens);
    let mut second = kv.fork(&first);
    let shared = first.blocks[1];
    let copy = kv.grow(&mut first, 21).unwrap();
    assert_eq!(copy, Some((shared, first.blocks[1])));
    assert_eq!(kv.grow(&mut second, 21), Ok(None), "the last holder writes in place");
    assert_eq!(second.blocks[1], shared);
    assert_eq!(first.blocks[0], second.blocks[0]);
}

#[test]
fn a_shared_full_block_is_not_copied() {
    let mut kv = cache(4);
    let tokens: Vec<TokenId> = (0..16).collect();
    let mut first = filled(&mut kv, &tokens);
    let second = kv.fork(&first);
    assert_eq!(kv.grow(&mut first, 17), Ok(None));
    assert_eq!(first.blocks[0], second.blocks[0]);
}

#[test]
fn ends_are_evicted_before_their_prefix() {
    let mut kv = cache(4);
    let tokens: Vec<TokenId> = (0..64).collect();
    let mut table = filled(&mut kv, &tokens);
    kv.release(&mut table, 0);
    assert_eq!((table.computed, kv.blocks.idle()), (0, 4));
    let mut other = kv.table(9);
    kv.grow(&mut other, 32).unwrap();
    assert_eq!(kv.known(0, &tokens), Known { held: 0, idle: 2 });
}

#[test]
fn a_failed_growth_loses_no_block() {
    let mut kv = cache(2);
    let mut table = kv.table(0);
    assert_eq!(kv.grow(&mut table, 48), Err(OutOfBlocks));
    assert_eq!(table.blocks.len(), 2);
    kv.release(&mut table, 0);
    assert_eq!(kv.blocks.available(), 2);
}
