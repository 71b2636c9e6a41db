package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"hayauma.example/actors/recipient"
)

// numbers are rows whose book is what remains of them.
func numbers(n int) func(tell func(int) error) error {
	return func(tell func(int) error) error {
		for i := range n {
			if err := tell(i); err != nil {
				return err
			}
		}
		return nil
	}
}

// Every row comes to its book once and in the order of the rows, whatever is full first: a batch by rows or bytes, or all of them.
func TestRowsOfABookKeepTheirOrder(t *testing.T) {
	for _, c := range []struct {
		name       string
		most, size int
		rows, full int // rows of the largest batch
	}{
		{"by rows", 7, 1, 50_000, 7},
		{"by bytes", 1000, importBatch / 5, 50_000, 5},
		{"by the bytes of all", 1000, importBatch / 131, 50_000, 64},
		{"a few", 1000, 1, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			got, largest := map[int][]int{}, 0
			err := (&spread[int]{
				most: c.most, size: func(int) int { return c.size }, book: func(row int) int { return row % recipient.BookCount },
				take: func(_ context.Context, book int, rows []int) error {
					mu.Lock()
					defer mu.Unlock()
					got[book] = append(got[book], rows...)
					largest = max(largest, len(rows))
					return nil
				},
			}).run(t.Context(), numbers(c.rows))
			if err != nil {
				t.Fatal(err)
			}
			next := make([]int, recipient.BookCount)
			sum := 0
			for book, rows := range got {
				for _, row := range rows {
					if want := next[book]*recipient.BookCount + book; row != want {
						t.Fatalf("book %d: row %d, want %d", book, row, want)
					}
					next[book]++
					sum++
				}
			}
			if sum != c.rows || largest > c.full {
				t.Errorf("%d rows of %d, %d at once", sum, c.rows, largest)
			}
		})
	}
}

// The first failure ends it: of a book that refuses, and of rows that can't be read.
func TestSpreadEndsAtAFailure(t *testing.T) {
	refuses, broken := errors.New("refuses"), errors.New("broken")
	for _, c := range []struct {
		name string
		each func(tell func(int) error) error
		want error
	}{
		{"a book", numbers(100_000), refuses},
		{"a file", func(func(int) error) error { return broken }, broken},
		{"the last batch", numbers(1), refuses},
	} {
		told := 0
		err := (&spread[int]{
			most: 1, size: func(int) int { return 1 }, book: func(int) int { told++; return 0 },
			take: func(context.Context, int, []int) error { return fmt.Errorf("book: %w", refuses) },
		}).run(t.Context(), c.each)
		if !errors.Is(err, c.want) || told > 10 {
			t.Errorf("%s: %v after %d rows", c.name, err, told)
		}
	}
}
