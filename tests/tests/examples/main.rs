//! The worked examples of `examples/`: the commands of each page as they stand there, on the shipped programs, give the rows that the
//! page and the folder show; a program that knows nothing of Sealroom computes the same; and what the page says cannot be had is refused.

mod clinic;
mod contacts;
mod page;
mod payments;
