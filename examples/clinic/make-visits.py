#!/usr/bin/env python3
"""Makes the visits of a clinic in the first half of 2026, as CSV on standard output: the same in every run, and nobody's.

    make-visits.py >visits.csv
"""

import random

# Diagnosis, its share of the visits, what such a visit usually costs.
DIAGNOSES = [
    ("I10", 30, 60), ("E11.9", 18, 110), ("E11.65", 5, 180), ("J06.9", 22, 45), ("J45.0", 8, 95), ("M54.5", 20, 80), ("F32.1", 9, 140),
    ("S52.5", 5, 420), ("C50.9", 2, 3900), ("G35", 1, 2600),
]
PATIENTS, VISITS = 420, 1600


def main():
    make = random.Random(2026)

    def below(bound):
        return int(make.random() * bound)

    born = [f"{1931 + below(90)}-{1 + below(12):02}-{1 + below(28):02}" for _ in range(PATIENTS)]
    # Most patients come with one complaint or two.
    complaints = [[pick(make) for _ in range(1 + below(2))] for _ in range(PATIENTS)]
    visits = []
    for _ in range(VISITS):
        patient = below(PATIENTS) if make.random() < 0.9 else below(12)
        diagnosis, usual = complaints[patient][below(len(complaints[patient]))]
        cents = int(usual * 100 * (0.5 + make.random()) * (20 if make.random() < 0.005 else 1))
        # What a visit cost is not always known yet.
        cost = f"{cents // 100}.{cents % 100:02}" if make.random() < 0.97 else ""
        visits.append((f"2026-{1 + below(6):02}-{1 + below(28):02}", f"P{patient:04}", born[patient], diagnosis, cost))
    print("date,patient,born,diagnosis,cost,doctor")
    for visit in sorted(visits):
        print(*visit, f"Dr. {'ABCDE'[below(5)]}", sep=",")


def pick(make):
    at = make.random() * sum(share for _, share, _ in DIAGNOSES)
    for diagnosis, share, usual in DIAGNOSES:
        at -= share
        if at < 0:
            return diagnosis, usual
    return DIAGNOSES[0][0], DIAGNOSES[0][2]


if __name__ == "__main__":
    main()
