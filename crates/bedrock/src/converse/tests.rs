mod documents;
mod requests;
mod responses;
mod rules;
