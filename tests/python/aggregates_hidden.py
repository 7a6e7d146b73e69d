"""What stays hidden in an aggregate job's output, as docs/aggregates.md says, computed plainly: sets of people, no shortcut."""


def union(sets):
    return set().union(*sets)


def choices(columns):
    """Every choice of some of the columns, none included, but not all of them."""
    return [[place for place in range(columns) if bits >> place & 1] for bits in range((1 << columns) - 1)]


def hide_further(order, hidden, columns, minimum, people, rows):
    """Hides more of the groups `order` beside those in `hidden`. `people` has the sets of those who are hidden with a group; a group
    that is not in it hides nobody's value."""
    for choice in choices(columns):
        totals = {}
        for place, key in enumerate(order):
            totals.setdefault(tuple(key[column] for column in choice), []).append((place, key))
        for total in totals.values():
            together = [key for _, key in total if key in hidden and key in people]
            if together and len(union(people[key] for key in together)) < minimum:
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


def shown_bins(bins, minimum):
    """Of `{from: (count, people)}` the bins that are shown, rising."""
    few = [start for start, (_, people) in bins.items() if len(people) < minimum]
    shown = [start for start in sorted(bins) if start not in few]
    if few and shown and len(union(bins[start][1] for start in few)) < minimum:
        shown.remove(min(shown, key=lambda start: (bins[start][0], start)))
    return shown
