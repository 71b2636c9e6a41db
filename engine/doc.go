// Package engine runs actors on Hollywood's engine: grains, which are addressed by kind and identity and live while they have
// work, and plain cells, which are spawned, have a parent or none, and live until they are stopped.
//
// # A message
//
//	Ref.Tell ─► cell.push ─► dispatcher.submit ─► worker: turn ─► Actor.Handle
//	             │ full, gone for good             ▲
//	             └► dead letter          Hollywood: Engine.Send ─► remoter (grains), process (plain cells)
//
// A Ref sends to the cell that it saw last; a cell that has left memory refuses by the closed state of its mailbox, and the message
// goes through the kind's table to a new one. So a message is either in a mailbox whose cell handles it, or a dead letter. The message that
// wakes an idle cell travels with it to the worker; those that follow wait in the cell's boxes.
//
// # A cell's life
//
//	            first message        idle, Passivate
//	(not there) ─────────► activated ─────────► (not there)
//	                 ▲      │  ▲  │
//	          replay │      │  │  └─ Persist ─► persisting ─ stored: apply, continue
//	                 │ panic▼  │                     │ failed
//	                 └──── backing off ◄─────────────┘
//
//	Started ─► Handle … ─► Stopping   ─► its children end ─► Stopped ─► left
//	                   └─► Restarting ─► its children end ─► Stopped ─► pause ─► Started
//
// A grain leaves memory after its idle time, late by at most a quarter. It is not idle while a Go function runs, a timer is
// pending, a kept reply is unsent, a message is stashed, a child lives or an append is in flight. [Ref.Touch] makes it young again.
//
// A grain that [System.Vacate] sends to another member is told by [Leaving] before, and may store a last word.
//
// [Ref.Stop] ends an actor after the message in hand, [Ref.Poison] after those that are queued; both tell when it is done. [Watch] has
// an actor told of another's end.
//
// # Promises
//
//   - One sender's messages to one receiver are handled in the order in which they were sent, also across passivation. They are where a
//     grain goes to another member in an orderly way too, if the directory has later ones wait for those that went before ([Place].Wait,
//     [System.Mark]; package cluster does, for a second at most). Where a member is lost, one that was on its way by it may be overtaken.
//   - A message is handled at most once. One that is not handled to its end is a dead letter with a reason.
//   - A handler runs alone; two activations of one grain never overlap in one system.
//   - An Ask ends: with an answer, with an error as soon as it is known that none will come, or with its context or timeout. What waits for
//     an actor that fails to start waits while it is started again, so an Ask without a bound may wait as long. A second answer is
//     refused, and blocks nobody.
//   - Events are applied only once they are stored, and effects of a continuation come after that.
//   - Children end before their parent's activation does.
//
// # Messages
//
// [Ref.Tell] sends, [Ask] and [AskTimeout] wait for an answer, [Forward] hands the right to answer on, [Context.Reply] keeps it. A
// [Topic] carries events to all who [Topic.Subscribe] or [Follow]; the engine's own are [DeadLetters], [Lives] and [Escalations], and each durable kind
// has [Events]. [Middleware] stands before all handling of a kind or an actor. Package router spreads messages over several actors;
// package reliable carries them where they may be lost.
//
// # Behaviour
//
// [Context.Become] stacks handlers, [Context.Stash] puts messages aside. [Context.After], [Context.Every] and [Context.ReceiveTimeout]
// bring time as messages. [Context.Go] and [Context.GoWithin] do I/O off the actor. All of it ends with the activation; what is stashed goes
// back to the mailbox.
//
// # Members
//
// Several systems are one address space with a [Directory], which says which member hosts a grain, and a [Transport], which carries packets
// between members. A member is named by its incarnation.
//
//	Ref.Tell, Ask ─► route ─ Here ───────────► the grain's mailbox
//	                   │    ─ Elsewhere ─► packet ─► Transport ─► that member's route, and so on
//	                   │    ─ Soon, Wait ─► held, in order for each grain, until the directory's changed
//	                   └─── ─ Nowhere ────► dead letter
//
// What goes between members, and when:
//
//   - A packet is a message, an answer, a watch or an order of a Ref (stop, poison, touch). Messages are written by the codec.Registry's
//     names. One that came to the wrong member goes on or back; after 150 times, or 8 s of waiting for a place, it is a dead letter.
//   - A message that finds the way to its member full is a dead letter. Answers, watches, their ends and orders wait, and are tried again
//     every 50 ms in the order in which they were given; 65,536 watches and orders wait at most, and the next one ends at once.
//   - At most 16,384 messages are held; the next one is a dead letter. What arrived from another member goes before what came back, and
//     that before what this member's actors send.
//   - [System.Mark] has the other directory take a word in order with the messages: what was sent before it has arrived by then, and
//     nothing that was placed after it overtakes it. By marks a directory knows when a grain's earlier messages are no longer on their way.
//   - [System.Vacate] is a departure: grains get [Leaving], finish what they have begun, and leave memory; what is in their mailboxes goes to
//     their next member, before what waits.
//   - [System.MemberLost] ends what hangs on a member that is none any more: its open questions with a [MemberLostError], and its grains'
//     watches; also what it asked and watched itself. Plain cells live where they were spawned, and end with their member.
//   - [AskPID] reaches processes of other members by the PID's address, which is their incarnation; where none will answer, it ends as an
//     Ask does.
//
// # Roles
//
// A kind's role names its shards: journal and timetable find what is stored by it, so a role is the program's and never changes. Which
// members carry a role is the directory's to say, and theirs to choose: a member serves the kinds of the roles that it carries, and has
// references to all. So a kind moves to other members by configuration, and its records stay where they are.
//
// # Failure
//
// A panic ends the message in hand, which becomes a dead letter; its Ask is answered with a [PanicError]. What becomes of the actor is its
// [Supervision]: Restart, which is what happens unless something else was said, ends the activation, keeps the mailbox, and begins
// another at once after a first failure and later after repeated ones; no worker waits meanwhile. Resume goes on with the same state, Stop
// ends the actor, Escalate makes it the parent's failure. With AllForOne all children of the parent share the fate. What escalates beyond
// an actor without a parent ends that actor, and is logged; the system goes on. A [BackoffSupervisor] forwards to a child that it
// starts again whenever it ended.
//
// A refused append ends the activation and begins another after a pause, except that a fenced grain's mailbox goes on to its
// owner: another process has it (without a [Directory] it becomes dead letters). Only appends are fenced: a grain that was taken over answers
// from what it had until its next append or until its member is told. An answer that must not be old comes from the continuation of an
// event. Plain cells and durable grains begin again by themselves, so that Started can set their timers anew; a grain that keeps nothing
// waits for its next message. A mailbox at its bound refuses what comes, and so does what keeps messages whose grain's member is being
// settled ([Config].Held). An answer that finds the way to its member full goes when there is room; a message that has to be given back is a
// dead letter there, which who asked is told.
//
// A handler that keeps its worker for 100 ms is counted, and logged once per kind; when all workers of a dispatcher are stuck in such a
// stand-in begins, so that the rest goes on. [System.Kill] ends a system as a dying process would: it is what crash tests use. It waits
// 5 s for handlers at most: one that is still stuck has no effect in the system any more, whenever it goes on.
//
// # Cost
//
// An idle grain takes less than 200 bytes, its 33-byte identity and 16 bytes of state included: one cell, no goroutine, no mailbox,
// no PID. A Tell allocates nothing and an Ask nothing beyond its answer, with a timeout or without; both are tests. Dispatchers are pools of
// workers with one queue each; a worker runs an actor for at most [Dispatcher].Messages messages before others have their turn.
//
// # Measuring
//
// A mailbox counts what it has accepted and not yet handled; that costs a few nanoseconds a message. One message in 64, of every 64 cells alike,
// is timed: how deep the mailbox was, how long it waited, how long its handler took, by the name of its type (KindStats). Cells with a backlog
// are known without a look at the others (System.Busy); one that holds a single old message is known once somebody has looked (System.Cells).
//
// # Under testing/synctest
//
// Workers wait on a condition variable and the clock rests when nothing is sent, so a bubble becomes idle when the actors are. A
// System belongs to the bubble that made it. Package enginetest has probes, faulty wires and seeds.
package engine
