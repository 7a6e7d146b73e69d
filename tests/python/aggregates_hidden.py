"""What stays hidden in an aggregate job's output, as docs/aggregates.md says, computed plainly: sets of people, paths of lines, no shortcut.

The tables over every choice of columns are decided one after the other. A choice is a tuple of places in the order that counts, and so is the key of
a group: its values there. A group is (records, people); its people are None where nobody has a value, which counts for nothing.
"""

import functools


def union(sets):
    return set().union(*sets)


def choices(columns):
    """Every choice of the columns 0 to `columns` - 1: none, the first, the second, the first two, the third, and so on to all of them."""
    return [tuple(place for place in range(columns) if bits >> place & 1) for bits in range(1 << columns)]


def fewer(choice):
    """Every choice of some of these columns but not all, in the same order."""
    return [tuple(choice[place] for place in some) for some in choices(len(choice))[:-1]]


def part(key, choice, some):
    """The values of a key over `choice` in `some` of its columns."""
    return tuple(value for place, value in zip(choice, key) if place in some)


def bytes_of(key):
    return [value.encode() if isinstance(value, str) else value for value in key]


def table_over(choice, groups):
    """The groups of a job over `choice`, in their order, out of those over all columns."""
    table = {}
    for key in sorted(groups, key=lambda key: bytes_of([key[place] for place in choice])):
        records, people = groups[key]
        before, known = table.get(tuple(key[place] for place in choice), (0, None))
        table[tuple(key[place] for place in choice)] = (before + records, known if people is None else people | (known or set()))
    return table


class Decided:
    """What is hidden in the table over each choice of columns: `hidden[choice]` is a set of keys."""

    def __init__(self, groups, columns, minimum, already=None):
        """`already` says what of the tables over some of these choices is hidden before anything is looked at."""
        self.minimum, self.hidden, self.tables = minimum, {}, {}
        for choice in choices(columns):
            self.decide(choice, table_over(choice, groups), (already or {}).get(choice, set()))

    def decide(self, choice, table, already):
        self.tables[choice] = table
        hidden = {key for key, (_, people) in table.items() if people is None or len(people) < self.minimum or key in already}
        hidden |= {key for key in table for some in fewer(choice) if part(key, choice, some) in self.hidden[some]}
        self.hidden[choice] = hidden
        pairs = [pair for pair in choices(len(choice)) if len(pair) == 2]
        looks = [(self.beside_one, some) for some in fewer(choice)]
        looks += [(look, (choice[one], choice[other])) for one, other in pairs for look in (self.beside_several, self.beside_rows, self.beside_columns)]
        before = None
        while before != len(hidden):
            before = len(hidden)
            for look, of in looks:
                hidden |= set(look(choice, of))

    def enough(self, groups):
        """None, or at least two that together have the people. `groups` are what a table has of each."""
        return not groups or (len(groups) >= 2 and len(union(people for _, people in groups)) >= self.minimum)

    def counts(self, choice, key):
        return self.tables[choice][key][1] is not None

    def smallest(self, choice, keys):
        """The one with the fewest records, of several the first; a list of none where there is none."""
        keys = [key for key in keys if key not in self.hidden[choice]]
        return [min(keys, key=lambda key: (self.tables[choice][key][0], bytes_of(key)))] if keys else []

    @functools.cache
    def totals(self, choice, some):
        """The keys of the table over `choice`, by the totals over `some` of its columns."""
        totals = {}
        for key in self.tables[choice]:
            totals.setdefault(part(key, choice, some), []).append(key)
        return totals

    def shown_totals(self, choice, some):
        totals = self.totals(choice, some)
        return [keys for total, keys in totals.items() if total not in self.hidden[some]]

    def beside_one(self, choice, some):
        for keys in self.shown_totals(choice, some):
            if not self.enough([self.tables[choice][key] for key in keys if key in self.hidden[choice] and self.counts(choice, key)]):
                yield from self.smallest(choice, keys)

    def pictures(self, choice, pair, own):
        """For each total over the rest of the columns: its keys that are shown with their two ends, and each hidden one with its ends.
        Hidden rows are one point, and hidden columns, but for those of the column in `own`. A group on no cycle of all lines has none."""
        rest = tuple(place for place in choice if place not in pair)

        def end(key, of, own):
            line = tuple(place for place in choice if place in rest or place == of)
            key = part(key, choice, line)
            return (of, "hidden") if key in self.hidden[line] and of != own else (of, line, key)

        for keys in self.shown_totals(choice, rest):
            counting = [key for key in keys if self.counts(choice, key)]
            tells = on_cycles({key: tuple(end(key, of, None) for of in pair) for key in counting})
            ends = {key: tuple(end(key, of, own) for of in pair) for key in counting}
            shown = {key: ends[key] for key in ends if key not in self.hidden[choice]}
            yield shown, {key: ends[key] for key in ends if key in self.hidden[choice] and key in tells}

    def beside_several(self, choice, pair):
        for shown, lines in self.pictures(choice, pair, None):
            rings = on_cycles(lines)
            alone = [ends for key, ends in lines.items() if key not in rings]
            blocks = {point: block for block in parts(lines[key] for key in rings) for point in block}
            for points in parts(lines.values()):
                follow = [ends for ends in alone if ends[0] in points]
                within = [(key, ends) for key, ends in shown.items() if points >= set(ends)] if follow else []
                found = []
                for block in {blocks.get(end, frozenset([end])) for ends in follow for end in ends}:
                    found += self.smallest(choice, [key for key, ends in within if len(block & set(ends)) == 1])
                if follow and not found:
                    found = self.smallest(choice, leaving(points, shown))
                yield from found

    def beside_rows(self, choice, pair, own=0):
        for shown, lines in self.pictures(choice, pair, pair[own]):
            for points in parts(lines.values()):
                of = [point for point in points if point[0] == pair[own] and point[1] != "hidden"]
                totals = [self.tables[line][key] for _, line, key in of if key in self.hidden[line]]
                if not self.enough(totals):
                    yield from self.smallest(choice, leaving(points, shown))

    def beside_columns(self, choice, pair):
        yield from self.beside_rows(choice, pair, own=1)


def parts(lines):
    """The sets of points that lines join."""
    of = {}
    for ends in lines:
        one, other = (of.setdefault(end, {end}) for end in ends)
        if one is not other:
            one |= other
            of.update(dict.fromkeys(other, one))
    return list({id(points): frozenset(points) for points in of.values()}.values())


def on_cycles(lines):
    """The keys of lines that lie on a cycle. Trees of lines join what is joined; each further line closes a cycle with the path between its ends."""
    at, above, height, of_trees = {}, {}, {}, set()
    for key, (row, column) in lines.items():
        at.setdefault(row, []).append((key, column))
        at.setdefault(column, []).append((key, row))
    for root in at:
        if root in height:
            continue
        height[root], path = 0, [root]
        for point in path:
            for key, end in at[point]:
                if end not in height:
                    height[end], above[end] = height[point] + 1, (key, point)
                    of_trees.add(key)
                    path.append(end)
    found = set()
    for key in lines.keys() - of_trees:
        found.add(key)
        one, other = lines[key]
        while one != other:
            if height[one] < height[other]:
                one, other = other, one
            line, one = above[one]
            found.add(line)
    return found


def leaving(points, shown):
    """What is shown and has one end among these points and not the other."""
    return [key for key, (row, column) in shown.items() if (row in points) != (column in points)]


def hidden_groups(columns, minimum, people, rows):
    return Decided({key: (rows[key], people[key]) for key in rows}, columns, minimum).hidden


def hidden_values(columns, minimum, groups, who_have, rows):
    """Groups of which a field's measures are null. `who_have` has the people with a value, for groups where somebody has one."""
    return Decided({key: (rows[key], who_have.get(key)) for key in rows}, columns, minimum, groups).hidden


def shown_bins(bins, unseen, columns, minimum):
    """Of `{group: {from: (count, people)}}` the bins that are shown: `{group: [from]}`, rising. A bin is one more column. `unseen` are
    the groups whose measures of the field are null."""
    cells = {(*group, start): cell for group, of in bins.items() for start, cell in of.items()}
    hidden = Decided(cells, columns + 1, minimum, unseen).hidden[tuple(range(columns + 1))]
    return {group: [start for start in sorted(of) if (*group, start) not in hidden] for group, of in bins.items()}
