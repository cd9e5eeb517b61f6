//! The field's words and the ports that shells implement.
