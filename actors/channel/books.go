package channel

import (
	"hayauma.example/actors"
	"hayauma.example/engine"
)

// noteBooks makes durable which books of users' settings there are, before they have anything: who needs the settings of all users asks those
// only, and of most channels none.
func (ch *Channel) noteBooks(c *call, m actors.NoteBooks) {
	have := ch.state.books
	if have.Books.And(m.Books) == have.Books && (have.Whole || !m.Whole) {
		c.Respond(actors.Done{})
		ch.rest(c)
		return
	}
	engine.Persist(c, []Event{BooksNoted{Books: m.Books, Whole: m.Whole}}, func() {
		c.Respond(actors.Done{})
		ch.rest(c)
	})
}

// rest lets a channel leave that is not configured: any name may be asked for.
func (ch *Channel) rest(c *call) {
	if !ch.state.configured {
		c.Passivate()
	}
}
