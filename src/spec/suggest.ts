// "did you mean": the known name that a misspelt one is nearest to.

/** The smallest number of single changes (insert, delete, replace, swap of neighbours) from a to b. */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The known name that was probably meant, or undefined: at most two changes away (fewer for
 * short names, where everything is near everything), or a common way to write it differently.
 */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const given = plain(name);
  const alike = known.find((candidate) => {
    const own = plain(candidate);
    // net → network, EPERM-like prefixes left out (ERRNO → SCMP_ACT_ERRNO), mnt → mount.
    return own === given || (given.length >= 3 && (own.startsWith(given) || candidate.toLowerCase().endsWith(`_${given}`)));
  });
  if (alike !== undefined) return alike;

  let best: string | undefined;
  let distance = name.length <= 3 ? 1 : 2;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > distance) continue;
    const changes = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (changes < distance || (changes === distance && best === undefined)) {
      best = candidate;
      distance = changes;
    }
  }
  return best;
}
