//! alloc: programs that live off the heap. Trees of boxes that grow and shrink, lists, shared
//! nodes, buffers that outgrow their place, and strings that die in the order they were born.

#[path = "../bench.rs"]
mod bench;

use bench::{Random, mix};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

// ---- full binary trees, made and dropped --------------------------------------------------------

struct Tree(Option<Box<(Tree, Tree)>>);

impl Tree {
    fn of_depth(depth: u32) -> Tree {
        Tree((depth > 0).then(|| Box::new((Tree::of_depth(depth - 1), Tree::of_depth(depth - 1)))))
    }

    fn nodes(&self) -> u64 {
        self.0.as_ref().map_or(1, |both| 1 + both.0.nodes() + both.1.nodes())
    }
}

#[inline(never)]
fn forests() -> u64 {
    let kept = Tree::of_depth(13);
    let mut sum = 0;
    for depth in (4..=12).step_by(2) {
        for _ in 0..1 << (15 - depth) {
            sum += Tree::of_depth(depth).nodes();
        }
    }
    mix(sum, kept.nodes())
}

// ---- a search tree ------------------------------------------------------------------------------

type Link = Option<Box<Node>>;

struct Node {
    key: u32,
    seen: u32,
    left: Link,
    right: Link,
}

fn insert(mut link: &mut Link, key: u32) {
    while let Some(node) = link {
        if key == node.key {
            node.seen += 1;
            return;
        }
        link = if key < node.key { &mut node.left } else { &mut node.right };
    }
    *link = Some(Box::new(Node { key, seen: 1, left: None, right: None }));
}

fn take_least(link: &mut Link) -> Option<Box<Node>> {
    if link.as_ref()?.left.is_some() {
        return take_least(&mut link.as_mut()?.left);
    }
    let mut least = link.take()?;
    *link = least.right.take();
    Some(least)
}

fn remove(link: &mut Link, key: u32) -> Option<u32> {
    let node = link.as_mut()?;
    if key != node.key {
        return remove(if key < node.key { &mut node.left } else { &mut node.right }, key);
    }
    let mut node = link.take()?;
    *link = match take_least(&mut node.right) {
        None => node.left.take(),
        Some(mut heir) => {
            heir.left = node.left.take();
            heir.right = node.right.take();
            Some(heir)
        }
    };
    Some(node.seen)
}

#[inline(never)]
fn search_tree(random: &mut Random) -> u64 {
    let mut root = None;
    for _ in 0..30_000 {
        insert(&mut root, random.next() % 40_000);
    }
    let removed = (0..40_000).filter_map(|key| remove(&mut root, key * 7 % 40_000));
    let mut sum = removed.take(12_000).fold(0, |sum, seen| mix(sum, seen.into()));
    while let Some(node) = take_least(&mut root) {
        sum = mix(sum, node.key.into());
    }
    sum
}

// ---- lists --------------------------------------------------------------------------------------

struct Item {
    value: u32,
    next: Option<Box<Item>>,
}

#[inline(never)]
fn lists(random: &mut Random) -> u64 {
    let mut sum = 0;
    for length in 0..300 {
        let mut list = None;
        for _ in 0..length {
            list = Some(Box::new(Item { value: random.next(), next: list }));
        }
        // Turned round in place, then every other item is let go.
        let mut turned = None;
        while let Some(mut item) = list {
            list = item.next.take();
            if item.value & 1 == 0 {
                item.next = turned;
                turned = Some(item);
            }
        }
        let mut at = &turned;
        while let Some(item) = at {
            sum = mix(sum, item.value.into());
            at = &item.next;
        }
    }
    sum
}

// ---- shared nodes -------------------------------------------------------------------------------

struct Person {
    number: usize,
    friends: RefCell<Vec<Weak<Person>>>,
    debts: RefCell<Vec<Rc<Person>>>,
}

#[inline(never)]
fn society(random: &mut Random) -> u64 {
    let new =
        |number| Rc::new(Person { number, friends: RefCell::default(), debts: RefCell::default() });
    let mut people: Vec<Rc<Person>> = (0..2000).map(new).collect();
    for _ in 0..16_000 {
        let (a, b) = (random.below(people.len()), random.below(people.len()));
        people[a].friends.borrow_mut().push(Rc::downgrade(&people[b]));
        // Only towards smaller numbers: no ring may keep itself alive.
        if b < a {
            people[a].debts.borrow_mut().push(Rc::clone(&people[b]));
        }
    }
    people.retain(|person| person.number % 3 != 0);
    let mut sum = 0;
    for person in &people {
        let friends = person.friends.borrow();
        let living = friends.iter().filter_map(Weak::upgrade).map(|friend| friend.number);
        sum = mix(sum, living.sum::<usize>() as u64);
        sum = mix(sum, Rc::strong_count(person) as u64);
    }
    sum
}

// ---- buffers ------------------------------------------------------------------------------------

#[inline(never)]
fn buffers(random: &mut Random) -> u64 {
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); 400];
    for _ in 0..100_000 {
        let row = random.below(rows.len());
        rows[row].push(random.0);
        if random.below(500) == 0 {
            rows[row] = Vec::new();
        }
    }
    rows.iter().flatten().fold(0, |sum, &value| mix(sum, value.into()))
}

#[inline(never)]
fn queue(random: &mut Random) -> u64 {
    let mut queue: VecDeque<String> = VecDeque::new();
    let mut sum = 0;
    for _ in 0..60_000 {
        let letter = char::from(b'a' + random.below(26) as u8);
        queue.push_back(letter.to_string().repeat(1 + random.below(90)));
        if queue.len() > 1000
            && let Some(mut first) = queue.pop_front()
        {
            first.push('!');
            sum = mix(sum, first.len() as u64 + u64::from(first.as_bytes()[0]));
        }
    }
    sum
}

fn main() {
    bench::start();
    let mut random = Random(8_675_309);
    let mut sum = forests();
    for _ in 0..4 {
        for part in [search_tree, lists, society, buffers, queue] {
            sum = mix(sum, part(&mut random));
        }
    }
    bench::end();
    println!("alloc {sum:016x}");
}
