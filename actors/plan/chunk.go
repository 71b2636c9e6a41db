package plan

// Chunk is a frozen chunk, as it is stored: what the composer needs to render its recipients again.
type Chunk struct {
	First uint32   // index of the first recipient
	Mode  Mode     //
	Users []string // in index order
	// Values are the recipients' columns: one row for each user of a Push chunk, one row for all of a Multicast one, none of a Failed one.
	Values [][]string
	// Hashes are the frozen bodies' hashes (Sum), parallel to Values.
	Hashes [][]byte
	// Reasons say why each recipient of a Failed chunk failed.
	Reasons []string
}
