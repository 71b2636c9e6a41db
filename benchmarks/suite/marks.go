package suite

// The names of marks that stand for no experiment.
const (
	hostMark    = "host"
	targetsMark = "targets"
)
