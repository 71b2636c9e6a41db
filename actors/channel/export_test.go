package channel

// Bounds of what is forgotten.
const (
	SettleFor = settleFor
	MaxForgot = maxForgot
)
