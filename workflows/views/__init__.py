"""The desks people work at: parse, call one act, answer. Rules live elsewhere."""
