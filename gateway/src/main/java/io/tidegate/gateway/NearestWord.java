package io.tidegate.gateway;

import java.util.Collection;
import java.util.Optional;

/** Finds the word that somebody who mistyped probably meant, by edit distance. */
final class NearestWord {
    private NearestWord() {}

    /** Empty if nothing is near: more than two letters, or a third of them, would have to change. */
    static Optional<String> of(String typed, Collection<String> words) {
        String best = null;
        int bestDistance = Math.min(typed.length(), Math.max(2, typed.length() / 3) + 1);
        for (String word : words) {
            int distance = distance(typed, word);
            if (distance < bestDistance) {
                best = word;
                bestDistance = distance;
            }
        }
        return Optional.ofNullable(best);
    }

    /** {@code ; did you mean 'x'?} or nothing. */
    static String hint(String typed, Collection<String> words) {
        return of(typed, words).map(word -> "; did you mean '" + word + "'?").orElse("");
    }

    /** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            cost[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            cost[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int replace = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                cost[i][j] = Math.min(replace, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
