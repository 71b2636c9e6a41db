package audience

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Format is how an audience is written.
type Format uint8

// The formats.
const (
	CSV Format = iota
	NDJSON
)

// Source is an upload.
type Source struct {
	Reader io.Reader
	Format Format
	Gzip   bool
}

// Limits bound what an audience may ask for. The zero value is the default.
type Limits struct {
	RowBytes int   // one row as uploaded, default 64 KiB
	Bytes    int64 // the whole file after decompression, default 8 GiB
	Rows     int   // default 10 million
	Ratio    int64 // of decompressed to compressed bytes, default 200
	Columns  int   // default 256
	BadLines int   // collected before reading stops, default 20
}

const maxRows = 1 << 31

func (l Limits) withDefaults() Limits {
	for _, v := range []struct {
		field *int
		value int
	}{{&l.RowBytes, 64 << 10}, {&l.Rows, 10_000_000}, {&l.Columns, 256}, {&l.BadLines, 20}} {
		if *v.field <= 0 {
			*v.field = v.value
		}
	}
	if l.Bytes <= 0 {
		l.Bytes = 8 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 200
	}
	l.Rows = min(l.Rows, maxRows)
	l.RowBytes = min(l.RowBytes, 128<<10) // a stored row must fit in a part
	return l
}

// content is the decompressed upload under its limits and digest.
type content struct {
	from   io.Reader
	raw    *upload
	gzip   bool
	limits Limits
	size   int64
	digest hash.Hash
}

// upload counts what was really sent and remembers why reading it failed.
type upload struct {
	from io.Reader
	size int64
	err  error
}

// Read counts.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.size += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		u.err = err
	}
	return n, err
}

// freeRatio is how much may be decompressed before the ratio is judged: small files may be uniform.
const freeRatio = 4 << 20

func openContent(src Source, limits Limits) (*content, error) {
	c := &content{raw: &upload{from: src.Reader}, gzip: src.Gzip, limits: limits, digest: sha256.New()}
	c.from = c.raw
	if !src.Gzip {
		return c, nil
	}
	z, err := gzip.NewReader(c.raw)
	if err != nil {
		return nil, c.fail(err)
	}
	c.from = z
	return c, nil
}

// Read decompresses, counts and digests.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.size += int64(n)
	c.digest.Write(p[:n])
	switch {
	case c.size > c.limits.Bytes:
		return 0, &Error{Problem: fmt.Sprintf("larger than %d bytes after decompression: split the audience", c.limits.Bytes)}
	case c.gzip && c.size > freeRatio && c.size/c.limits.Ratio > c.raw.size:
		return 0, &Error{Problem: fmt.Sprintf("decompresses to more than %d times its size: send it without compression", c.limits.Ratio)}
	case err != nil && !errors.Is(err, io.EOF):
		return n, c.fail(err)
	}
	return n, err
}

// fail tells a broken upload from a broken file.
func (c *content) fail(err error) error {
	switch {
	case c.raw.err != nil:
		return fmt.Errorf("audience: read the upload: %w", c.raw.err)
	case errors.Is(err, gzip.ErrHeader) && c.size > 0:
		return &Error{Problem: "something follows the gzip data: compress and send the file again"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Problem: "the gzip data ends too early: compress and send the file again"}
	}
	return &Error{Problem: "not valid gzip data: compress and send the file again"}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// trimMark removes a byte order mark from the first line.
func trimMark(line []byte, number int) []byte {
	if number == 1 {
		return bytes.TrimPrefix(line, byteOrderMark)
	}
	return line
}
