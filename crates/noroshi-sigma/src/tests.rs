mod agreement;
mod convert;
mod read;
