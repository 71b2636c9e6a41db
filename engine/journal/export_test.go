package journal

// Claim returns the claim under which the writer appends.
func (w *Writer) Claim() Claim { return w.claim }
