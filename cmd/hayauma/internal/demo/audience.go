package demo

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// group is one campaign with its recipients. A recipient's id holds its group and number.
type group struct {
	name   string
	marker uint32 // first 8 digits of its ids
	size   int
	file   string // name of the audience file
	header string
	row    func(i int) string             // columns behind the id
	text   string                         // template
	want   func(i int) string             // text of recipient i
	body   func(g *group, i int) [32]byte // hash of its messages
}

const coupon = "DEMO-%07d"

// personalised is the campaign in which every text differs.
func personalised(size int) *group {
	return &group{
		name: "personalised", marker: 0xa, size: size, file: "friends.csv", header: "user_id,name,coupon",
		row:  func(i int) string { return fmt.Sprintf("friend %d,"+coupon, i, i) },
		text: "{{ name }}さん、いつもありがとうございます。Your coupon: {{ coupon }}",
		want: func(i int) string {
			return fmt.Sprintf("friend %d", i) + "さん、いつもありがとうございます。Your coupon: " + fmt.Sprintf(coupon, i)
		},
		body: func(g *group, i int) [32]byte { return bodyHash(g.want(i)) },
	}
}

// uniform is the campaign in which all texts are equal.
func uniform(size int) *group {
	const text = "本日から3日間、全品20%オフ。See you at the shop!"
	hash := bodyHash(text)
	return &group{
		name: "uniform", marker: 0xb, size: size, file: "everyone.csv.gz", header: "user_id",
		row: func(int) string { return "" }, text: text, want: func(int) string { return text },
		body: func(*group, int) [32]byte { return hash },
	}
}

// bodyHash is SHA-256 of the messages array in canonical JSON, which for these texts needs no escapes.
func bodyHash(text string) [32]byte {
	return sha256.Sum256([]byte(`[{"text":"` + text + `","type":"text"}]`))
}

// user is recipient i's id: group, some digits that spread, number.
func (g *group) user(i int) string {
	spread := uint32(uint64(i) * 0x9e3779b97f4a7c15 >> 32)
	return fmt.Sprintf("U%08x%08x%016x", g.marker, spread, i)
}

// number is the inverse of user.
func (g *group) number(user string) (i int, ok bool) {
	if len(user) != 33 {
		return 0, false
	}
	n, err := strconv.ParseUint(user[17:], 16, 64)
	if err != nil || n >= uint64(g.size) || g.user(int(n)) != user {
		return 0, false
	}
	return int(n), true
}

// campaign is the campaign file.
func (g *group) campaign(channel string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"name": "demo " + g.name, "channel": channel,
		"messages": []any{map[string]string{"type": "text", "text": g.text}},
	})
}

// write makes the audience file.
func (g *group) write(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var to io.Writer = f
	if path[len(path)-3:] == ".gz" {
		z := gzip.NewWriter(f)
		defer func() { err = errors.Join(err, z.Close()) }()
		to = z
	}
	out := bufio.NewWriterSize(to, 64<<10)
	fmt.Fprintln(out, g.header)
	for i := range g.size {
		out.WriteString(g.user(i))
		if columns := g.row(i); columns != "" {
			out.WriteString("," + columns)
		}
		out.WriteByte('\n')
	}
	return out.Flush()
}
