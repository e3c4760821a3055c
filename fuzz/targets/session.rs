//! A session under any order of messages, answers, events and time: no panic, each request answered at most once, no
//! stream with a silent gap, nothing said after the close.
#![no_main]

mod world;

use libfuzzer_sys::fuzz_target;

use self::world::World;

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    let mut bytes = input.iter().copied();
    for _ in 0..400 {
        let Some(op) = bytes.next() else { return };
        world.step(op, &mut bytes);
        if world.is_closed() {
            return;
        }
    }
});
