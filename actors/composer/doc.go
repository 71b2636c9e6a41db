// Package composer turns the paths of one window into commands: it renders what was planned, as fast as the channel grants demand,
// and tells posters.
//
//	Compose ──▶ chunk loaded ──▶ WantDemand ──Granted──▶ rendered, compared with the frozen hash, told to posters ──▶ next chunk
//
// It keeps nothing durable; what it lost, the campaign's re-drive finds. Rendering is deterministic, so the bytes are those that
// were hashed when the run was frozen. If they are not (another build renders otherwise), a first dispatch is given back as altered,
// and the next window of those paths freezes hashes of its own before its first path leaves; at a re-drive the path is unknown.
//
// Whom a window leaves out of its multicasts comes with the order, and is the same in each order of the window: so are the bytes of the call.
package composer
