package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// exactly takes one argument for each name, none of them empty.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for i, name := range names {
			if i >= len(args) || args[i] == "" {
				return fmt.Errorf("%s is missing; usage: %s", name, cmd.UseLine())
			}
		}
		if len(args) > len(names) {
			return fmt.Errorf("the argument %q is one too many; usage: %s", args[len(names)], cmd.UseLine())
		}
		return nil
	}
}

// group makes cmd a command that only holds others: alone it is a mistake, and shows what there is.
func group(cmd *cobra.Command, t Terminal) {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		cmd.SetOut(t.Err)
		return errors.Join(failure{code: exitRefused}, cmd.Help())
	}
}

// misspelt is the error for a command that does not exist, found before its flags are taken for wrong.
func misspelt(root *cobra.Command, args []string) error {
	found, rest, err := root.Find(args)
	if err != nil || !found.HasSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil // the command itself judges the rest
	}
	return unknownCommand(found, rest[0])
}

func unknownCommand(cmd *cobra.Command, word string) error {
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return fmt.Errorf("unknown command %q for %q; did you mean %s?", word, cmd.CommandPath(), strings.Join(near, " or "))
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return fmt.Errorf("unknown command %q: %q has no commands of its own", word, cmd.CommandPath())
	}
	return fmt.Errorf("unknown command %q for %q: there are %s", word, cmd.CommandPath(), strings.Join(names, ", "))
}

// newHelp replaces a help command that takes any word for a topic.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0:
				return unknownCommand(found, rest[0])
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}
