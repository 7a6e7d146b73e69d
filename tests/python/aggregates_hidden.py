"""What stays hidden in an aggregate job's output, as docs/aggregates.md says, computed plainly: sets of people, no shortcut."""


def union(sets):
    return set().union(*sets)


def choices(columns):
    """Every choice of some of the columns, none included, but not all of them. `columns` are their places, in the order that counts."""
    return [[place for bit, place in enumerate(columns) if bits >> bit & 1] for bits in range((1 << len(columns)) - 1)]


def hide_further(order, hidden, columns, minimum, people, rows):
    """Hides more of the cells `order` beside those in `hidden`, until in each total none is hidden or at least two of enough people.
    `people` has the sets of those who are hidden with a cell; a cell that is not in it hides nobody's value."""
    before = None
    while before != len(hidden):
        before = len(hidden)
        for choice in choices(columns):
            totals = {}
            for place, key in enumerate(order):
                totals.setdefault(tuple(key[column] for column in choice), []).append((place, key))
            for total in totals.values():
                together = [key for _, key in total if key in hidden and key in people]
                if together and (len(together) < 2 or len(union(people[key] for key in together)) < minimum):
                    shown = [(rows[key], place, key) for place, key in total if key not in hidden]
                    if shown:
                        hidden.add(min(shown)[2])


def hidden_groups(order, columns, minimum, people, rows):
    hidden = {key for key in order if len(people[key]) < minimum}
    hide_further(order, hidden, columns, minimum, people, rows)
    return hidden


def hidden_values(order, columns, minimum, groups, who_have, rows):
    """Groups of which a field's measures are null. `who_have` has the people with a value, for groups where somebody has one."""
    hidden = set(groups) | {key for key in order if len(who_have.get(key, ())) < minimum}
    hide_further(order, hidden, columns, minimum, who_have, rows)
    return hidden


def shown_bins(bins, unseen, columns, minimum):
    """Of `{group: {from: (count, people)}}`, in the order of the groups, the bins that are shown: `{group: [from]}`, rising. A bin is
    one more column. `unseen` are the groups whose measures of the field are null."""
    cells = {(*group, start): cell for group, of in bins.items() for start, cell in sorted(of.items())}
    counts, people = {key: count for key, (count, _) in cells.items()}, {key: who for key, (_, who) in cells.items()}
    hidden = {key for key in cells if key[:-1] in unseen or len(people[key]) < minimum}
    hide_further(list(cells), hidden, [*columns, len(columns)], minimum, people, counts)
    shown = {group: [] for group in bins}
    for key in cells:
        if key not in hidden:
            shown[key[:-1]].append(key[-1])
    return shown
