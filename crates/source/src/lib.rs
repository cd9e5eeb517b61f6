//! Git mirrors and chart repositories, read without a checkout.
