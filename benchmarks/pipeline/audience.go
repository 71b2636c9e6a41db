package pipeline

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Recipient is one row of an audience.
type Recipient struct{ UserID, Name, Coupon string }

// recipient is row i of every audience. Its id has LINE's form; half of it looks as random as LINE's do and half is the number, so that
// a delivery finds its recipient without a map.
func recipient(i int) Recipient {
	spread := (uint64(i) + 1) * 0x9E3779B97F4A7C15 // Fibonacci hashing
	spread ^= spread >> 31
	return Recipient{
		UserID: fmt.Sprintf("U%016x%016x", spread, i),
		Name:   names[i%len(names)] + " " + strconv.Itoa(i),
		Coupon: fmt.Sprintf("SPRING-%08d", i),
	}
}

var names = [...]string{"Aiko", "Ben", "Chiyo", "Daichi", "Emi", "Fumio", "Goro", "Hana", "Ichiro", "Junko", "Ken"}

// number is the inverse of recipient: which of n recipients has this id.
func number(userID string, n int) (i int, ok bool) {
	if len(userID) != 33 {
		return 0, false
	}
	v, err := strconv.ParseUint(userID[17:], 16, 64)
	if err != nil || v >= uint64(n) || recipient(int(v)).UserID != userID {
		return 0, false
	}
	return int(v), true
}

var header = []string{"user_id", "name", "coupon"}

// Audience returns the path of a CSV file of n recipients, made once per size in dir.
func Audience(dir string, n int) (path string, err error) {
	path = filepath.Join(dir, fmt.Sprintf("audience-%d.csv", n))
	if _, err := os.Stat(path); err == nil {
		return path, nil // renamed into its place when it was whole
	}
	file, err := os.CreateTemp(dir, "audience-*.part")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(writeAudience(file, n), file.Close()); err != nil {
		return "", err
	}
	return path, os.Rename(file.Name(), path)
}

func writeAudience(to io.Writer, n int) error {
	out := bufio.NewWriterSize(to, 1<<20)
	out.WriteString(strings.Join(header, ",") + "\n")
	for i := range n {
		r := recipient(i)
		out.WriteString(r.UserID + "," + r.Name + "," + r.Coupon + "\n") // no field needs quotes
	}
	return out.Flush()
}

// AudienceError is a file that is no audience.
type AudienceError struct{ Path, Problem string }

func (e *AudienceError) Error() string {
	return fmt.Sprintf("pipeline: %s: %s: remove it, and it is made again", e.Path, e.Problem)
}

// Recipients reads an audience.
func Recipients(path string) iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(Recipient{}, err)
			return
		}
		defer func() { _ = file.Close() }() // it was only read
		rows := csv.NewReader(bufio.NewReaderSize(file, 1<<20))
		rows.FieldsPerRecord, rows.ReuseRecord = len(header), true
		if first, err := rows.Read(); err != nil || first[0] != header[0] {
			yield(Recipient{}, &AudienceError{path, "it has no header"})
			return
		}
		for {
			row, err := rows.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Recipient{}, &AudienceError{path, err.Error()})
				return
			}
			if !yield(Recipient{row[0], row[1], row[2]}, nil) {
				return
			}
		}
	}
}

// PushMessage is the rendered push to r, in the provider's JSON. No name and no coupon needs an escape.
func (r Recipient) PushMessage() []byte {
	text := strings.NewReplacer("{{ name }}", r.Name, "{{ coupon }}", r.Coupon).Replace(PushText)
	return textMessage(text)
}

// MulticastMessage is the message of a multicast in the provider's JSON.
func MulticastMessage() []byte { return textMessage(MulticastText) }

func textMessage(text string) []byte { return []byte(`[{"type":"text","text":"` + text + `"}]`) }
