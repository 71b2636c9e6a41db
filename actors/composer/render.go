package composer

import (
	"context"
	"errors"
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
	"hayauma.example/engine/journal"
)

// What a command costs in memory besides its body, measured: the poster that holds it, its place at the gate, its names.
const (
	pushBytes   = 1024
	memberBytes = 64 // one recipient of a multicast
)

// estimate is the demand of a piece: what its commands will hold in memory until they are recorded.
func estimate(chunk plan.Chunk, p piece, template int) int {
	n := actors.Total(p.spans())
	if p.path.Multicast {
		return pushBytes + template + n*memberBytes
	}
	values := 0
	for _, s := range p.spans() {
		for _, r := range chunk.Recipients[s.Lo-chunk.First : s.Hi-chunk.First] {
			for _, v := range r.Values {
				values += len(v)
			}
		}
	}
	return n*(template+pushBytes) + values
}

// render makes the commands of the piece in hand, and names the paths whose bytes are not those that were frozen. hashes are those of
// the piece as rendered now, by recipient of the chunk (of a multicast at its first recipient).
func (k *Composer) render() (posts []actors.Post, altered []actors.Span, hashes []plan.Hash) {
	r := k.piece
	hashes = make([]plan.Hash, len(r.chunk.Recipients))
	for _, span := range r.paths() {
		row := int(span.Lo - r.chunk.First)
		values := r.chunk.Values
		if !r.path.Multicast {
			values = r.chunk.Recipients[row].Values
		}
		body, err := k.bound.Render(nil, values)
		hashes[row] = plan.Sum(body)
		if err != nil || hashes[row] != r.frozen(row) {
			altered = append(altered, span)
			continue
		}
		if r.path.Multicast && k.except.Covers(span) {
			continue // nobody is left: its members have their outcome
		}
		posts = append(posts, k.post(span, body))
	}
	k.shareDemand(posts)
	if !r.path.Multicast {
		whole := actors.SetOf(altered...)
		altered = whole.Spans() // reported as stretches: the checker records one for all of its paths
	}
	return posts, altered, hashes
}

// frozen is the hash that rules a row: the window's own, where it has one, else the plan's.
func (r *rendering) frozen(row int) plan.Hash {
	switch {
	case row < len(r.hashes) && r.hashes[row] != (plan.Hash{}):
		return r.hashes[row]
	case r.path.Multicast:
		return r.chunk.Hash
	}
	return r.chunk.Recipients[row].Hash
}

// paths are the paths of the piece: one for a multicast, one for each recipient of a stretch of pushes.
func (r *rendering) paths() []actors.Span {
	if r.path.Multicast {
		return []actors.Span{r.path.Span}
	}
	var out []actors.Span
	for _, stretch := range r.spans() {
		for s := range stretch.Each() {
			out = append(out, s)
		}
	}
	return out
}

func (k *Composer) post(span actors.Span, body []byte) actors.Post {
	r, first := k.piece, k.piece.chunk.First
	endpoint := provider.Push
	if r.path.Multicast {
		endpoint = provider.Multicast
	}
	to := make([]string, 0, span.Len())
	for i, p := range r.chunk.Recipients[span.Lo-first : span.Hi-first] {
		if r.path.Multicast && k.except.Has(span.Lo+uint32(i)) {
			p.User = ""
		}
		to = append(to, p.User)
	}
	return actors.Post{
		Campaign: k.order.Campaign, Run: k.order.Run, Channel: k.order.Channel,
		Generation: k.order.Generation, Window: k.order.Window, Number: r.number, Chunk: r.path.Chunk, Path: span, Endpoint: endpoint,
		To: to, Messages: body, Deadline: k.order.Deadline,
	}
}

// shareDemand puts the piece's demand on its commands; what is left over goes with the last one.
func (k *Composer) shareDemand(posts []actors.Post) {
	left := k.piece.demand
	for i := range posts {
		posts[i].Demand = left / (len(posts) - i)
		left -= posts[i].Demand
	}
}

func poster(m actors.Post) string {
	if m.Endpoint == provider.Multicast {
		return actors.MulticastPoster(m.Channel, m.Run, m.Path)
	}
	return actors.PushPoster(m.Channel, m.To[0])
}

func hashesName(chunks string, chunk, window uint32) string {
	return fmt.Sprintf("%s.w%d", campaign.ChunkName(chunks, chunk), window)
}

// loadHashes reads a window's own hashes, by their hashesName; none are there before its first dispatch.
func loadHashes(ctx context.Context, objects journal.Objects, name string) ([]plan.Hash, error) {
	data, err := objects.Get(ctx, name)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return splitHashes(data)
}

// joinHashes writes hashes one after another; one that is not of this window is zero.
func joinHashes(hashes []plan.Hash) []byte {
	out := make([]byte, 0, len(hashes)*len(plan.Hash{}))
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

func splitHashes(data []byte) ([]plan.Hash, error) {
	size := len(plan.Hash{})
	if len(data)%size != 0 {
		return nil, fmt.Errorf("composer: %d bytes are no hashes", len(data))
	}
	var out []plan.Hash
	for ; len(data) > 0; data = data[size:] {
		out = append(out, plan.Hash(data[:size]))
	}
	return out, nil
}
