//! Work that falls into independent parts, on all cores where there are threads. Results come in the order of the parts, so
//! the bytes of a twin do not depend on how many there are; in the browser it is a plain loop.

/// `work` on every part.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn map<T: Sync, R: Send>(parts: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(i) else { return done };
            done.push((i, work(part)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len());
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// `work` on every part.
#[cfg(target_arch = "wasm32")]
pub(super) fn map<T, R>(parts: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    parts.iter().map(work).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_parts() {
        let parts: Vec<u64> = (0..1000).collect();
        let squares = super::map(&parts, |p| p * p);
        assert_eq!(squares, parts.iter().map(|p| p * p).collect::<Vec<_>>());
        assert!(super::map(&[], |p: &u64| *p).is_empty());
    }
}
