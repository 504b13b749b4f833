//! Inputs from inputs: changed at random, now and then put together from two.

use fastrand::Rng;

/// Longer inputs are cut: they would be tried more slowly, not better.
const LONGEST: usize = 4096;

/// Bytes at which things tend to break.
const EDGES: [u8; 12] = [0, 1, 0x1f, b' ', b'"', b'\\', b'{', b'[', b'@', 0x7f, 0x80, 0xff];

/// An input made from one of the seeds.
pub(crate) fn mutated(random: &mut Rng, seeds: &[Vec<u8>], tokens: &[&str]) -> Vec<u8> {
    let mut input = match random.choice(seeds) {
        Some(seed) if random.u8(..) > 8 => seed.clone(),
        _ => (0..random.usize(0..200)).map(|_| random.u8(..)).collect(),
    };
    for _ in 0..1 << random.u32(0..5) {
        change(random, &mut input, seeds, tokens);
    }
    input.truncate(LONGEST);
    input
}

fn change(random: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>], tokens: &[&str]) {
    let place = random.usize(0..=input.len());
    let longest = 1 << random.u32(0..8);
    let range = place..input.len().min(place + random.usize(1..=longest));
    match random.u8(0..11) {
        0 => input.truncate(place),
        1 => drop(input.drain(range)),
        2 => {
            let copy = input[range].to_vec();
            insert(input, random.usize(0..=input.len()), &copy);
        }
        3 | 4 => {
            let token = random.choice(tokens).copied().unwrap_or_default();
            insert(input, place, token.as_bytes());
        }
        5 => {
            let token = random.choice(tokens).copied().unwrap_or_default().bytes();
            input.splice(range, token);
        }
        6 => {
            let other = random.choice(seeds).map_or(&[][..], Vec::as_slice);
            let from = random.usize(0..=other.len());
            input.truncate(place);
            input.extend_from_slice(&other[from..]);
        }
        7 => insert(input, place, &[*random.choice(&EDGES).unwrap_or(&0)]),
        8 => set(input, place, |_| *random.choice(&EDGES).unwrap_or(&0)),
        9 => set(input, place, |_| random.u8(..)),
        _ => set(input, place, |byte| byte ^ 1 << random.u8(0..8)),
    }
}

fn insert(input: &mut Vec<u8>, place: usize, bytes: &[u8]) {
    input.splice(place..place, bytes.iter().copied());
}

fn set(input: &mut [u8], place: usize, value: impl FnOnce(u8) -> u8) {
    if let Some(byte) = input.get_mut(place) {
        *byte = value(*byte);
    }
}
