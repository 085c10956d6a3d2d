//! What an engine has done and holds now.

/// A snapshot of an engine's work. The first five only grow; the others say how things are now.
///
/// A snapshot taken after an event was received includes all the work that led to that event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Prompt tokens that went through the model, those computed again after a preemption included.
    pub prompt_tokens_computed: u64,
    /// Prompt tokens taken from the prefix cache instead.
    pub prompt_tokens_cached: u64,
    /// Tokens sent, all choices together.
    pub tokens_generated: u64,
    /// Calls of the model.
    pub steps: u64,
    /// Sequences that lost their KV blocks to others and were computed again.
    pub preemptions: u64,
    /// Sequences that take part in steps.
    pub running: u64,
    /// Sequences that wait for room.
    pub waiting: u64,
    /// Requests that stand still: told to, or because their sink is full.
    pub paused: u64,
    /// KV blocks there are.
    pub kv_blocks_total: u64,
    /// KV blocks that sequences hold.
    pub kv_blocks_used: u64,
    /// KV blocks that no sequence holds but the prefix cache keeps.
    pub kv_blocks_cached: u64,
}
