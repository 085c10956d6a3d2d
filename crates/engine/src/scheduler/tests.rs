use super::*;

fn candidate(request: u64, class: Class, pending: usize) -> Candidate {
    let id = SeqId { request, choice: 0 };
    Candidate { id, class, pending, awaits: false, last_step: 0 }
}

fn room(tokens: usize, prefill: usize) -> Room {
    Room { tokens, prefill, quantum: 16, spare: prefill, row_worth: 1 }
}

fn tokens_of(slices: &[Slice], request: u64) -> usize {
    slices.iter().filter(|s| s.id.request == request).map(|s| s.tokens).sum()
}

fn sum(slices: &[Slice]) -> usize {
    slices.iter().map(|slice| slice.tokens).sum()
}

#[test]
fn decode_rows_come_first_and_prefill_takes_the_rest() {
    let mut candidates: Vec<_> = (0..10).map(|i| candidate(i, Class::Default, 1)).collect();
    candidates.push(candidate(10, Class::Default, 500));
    let slices = plan(&candidates, room(128, 100));
    assert_eq!((tokens_of(&slices, 10), sum(&slices)), (100, 110));
    let slices = plan(&candidates, room(64, 100));
    assert_eq!((tokens_of(&slices, 10), sum(&slices)), (54, 64));
}

#[test]
fn decode_rows_do_not_stop_prefill() {
    let mut candidates: Vec<_> = (0..200).map(|i| candidate(i, Class::Default, 1)).collect();
    candidates.push(candidate(999, Class::Default, 500));
    let slices = plan(&candidates, room(128, 0));
    assert_eq!(tokens_of(&slices, 999), 16);
    assert_eq!(sum(&slices), 128);
}

#[test]
fn too_many_rows_take_turns() {
    let mut candidates: Vec<_> = (0..40).map(|i| candidate(i, Class::Default, 1)).collect();
    for step in 1..=10 {
        for slice in plan(&candidates, room(32, 32)) {
            candidates[usize::try_from(slice.id.request).unwrap()].last_step = step;
        }
    }
    assert!(candidates.iter().all(|candidate| candidate.last_step >= 8));
}

#[test]
fn classes_share_by_weight_and_pass_on_what_they_do_not_use() {
    let two = [candidate(1, Class::Flex, 1000), candidate(2, Class::Default, 1000)];
    let slices = plan(&two, room(500, 500));
    assert_eq!((tokens_of(&slices, 1), tokens_of(&slices, 2)), (100, 400));
    let small = [candidate(1, Class::Flex, 1000), candidate(2, Class::Default, 50)];
    let slices = plan(&small, room(500, 500));
    assert_eq!((tokens_of(&slices, 1), tokens_of(&slices, 2)), (450, 50));
}

#[test]
fn within_a_class_the_oldest_gets_half_and_the_shortest_the_rest() {
    let candidates = [
        candidate(1, Class::Default, 1000),
        candidate(2, Class::Default, 300),
        candidate(3, Class::Default, 20),
    ];
    let slices = plan(&candidates, room(100, 100));
    let tokens: Vec<_> = (1..=3).map(|request| tokens_of(&slices, request)).collect();
    assert_eq!(tokens, [50, 30, 20]);
    let alone = plan(&candidates[..1], room(100, 100));
    assert_eq!(tokens_of(&alone, 1), 100);
}

#[test]
fn batch_gets_what_is_left_of_the_time_and_nothing_else() {
    let batch = candidate(1, Class::Batch, 1000);
    let row = candidate(2, Class::Batch, 1);
    let other = candidate(3, Class::Flex, 90);
    let slices = plan(&[batch, row, other], room(200, 100));
    assert_eq!([1, 2, 3].map(|request| tokens_of(&slices, request)), [9, 1, 90]);
    let slices = plan(&[batch, row, candidate(3, Class::Flex, 900)], room(200, 100));
    assert_eq!([1, 2, 3].map(|request| tokens_of(&slices, request)), [0, 0, 100]);
    let dear = Room { spare: 50, row_worth: 60, ..room(200, 100) };
    let slices = plan(&[batch, row, candidate(3, Class::Flex, 1)], dear);
    assert_eq!([1, 2, 3].map(|request| tokens_of(&slices, request)), [50, 0, 1]);
    let slices = plan(&[batch, row], room(200, 0));
    assert_eq!([1, 2].map(|request| tokens_of(&slices, request)), [16, 1], "alone it gets on");
}

#[test]
fn who_awaits_a_block_takes_no_tokens() {
    let awaiting = Candidate { awaits: true, ..candidate(1, Class::Reserved, 100) };
    let slices = plan(&[awaiting, candidate(2, Class::Default, 10)], room(200, 200));
    assert_eq!((tokens_of(&slices, 1), tokens_of(&slices, 2)), (0, 10));
}

#[test]
fn slices_come_most_important_first() {
    let classes = [Class::Batch, Class::Default, Class::Reserved, Class::Flex];
    let candidates: Vec<_> = (0..)
        .zip(1..)
        .zip(classes)
        .map(|((i, pending), class)| candidate(i, class, pending))
        .collect();
    let order: Vec<Class> =
        plan(&candidates, room(200, 200)).iter().map(|slice| slice.class).collect();
    assert_eq!(order, [Class::Reserved, Class::Default, Class::Flex, Class::Batch]);
}

fn take(turns: &mut Turns, waiting: &[Class]) -> Class {
    let class = turns.pick(|class| waiting.contains(&class)).unwrap();
    turns.took(class);
    class
}

#[test]
fn turns_follow_the_weights() {
    let all = WEIGHTS.map(|(class, _)| class);
    let mut turns = Turns::default();
    all.into_iter().for_each(|class| turns.joins(class));
    let taken: Vec<Class> = (0..290).map(|_| take(&mut turns, &all)).collect();
    let counts = all.map(|class| taken.iter().filter(|taken| **taken == class).count());
    assert_eq!(counts, [160, 80, 40, 10]);
    assert_eq!(turns.pick(|class| class == Class::Batch), Some(Class::Batch));
    assert_eq!(turns.pick(|_| false), None);
}

#[test]
fn absence_gives_no_credit_and_a_newcomer_is_served_by_its_weight() {
    let mut turns = Turns::default();
    turns.joins(Class::Default);
    for _ in 0..1000 {
        take(&mut turns, &[Class::Default]);
    }
    turns.joins(Class::Flex);
    let both = [Class::Default, Class::Flex];
    let taken: Vec<Class> = (0..20).map(|_| take(&mut turns, &both)).collect();
    assert_eq!(taken.iter().filter(|class| **class == Class::Flex).count(), 4);
    assert_eq!(taken[0], Class::Default);
    turns.joins(Class::Reserved);
    let soon = [(); 2].map(|()| take(&mut turns, &[Class::Default, Class::Reserved]));
    assert!(soon.contains(&Class::Reserved));
}
