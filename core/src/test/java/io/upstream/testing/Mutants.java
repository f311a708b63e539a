// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Inputs near the seeds of a fuzz target, the same ones on each run: what the default build tries of a target that Jazzer runs for
 * longer. Confined to one thread.
 */
public final class Mutants {
    private static final int MAX_BYTES = 16 << 10;
    private static final byte[] LIKELY = {
        0, 1, 2, 0x7D, 0x7E, 0x7F, -1, -128, -126, '\r', '\n', ' ', '\t', '%', '=', ';', ',', ':', '"', '\\', '@', '/'
    };

    private final List<byte[]> seeds;
    private final SplittableRandom random = new SplittableRandom(1);

    private Mutants(List<byte[]> seeds) {
        this.seeds = seeds;
    }

    /** What a fuzz target does with one input; it throws to tell a finding. */
    public interface Target {
        /** Tries one input, which it borrows. */
        void accept(byte[] input) throws Exception;
    }

    /**
     * Feeds {@code target} with {@code count} mutants.
     *
     * @throws AssertionError with the input in hexadecimal, if the target throws anything
     */
    public static void feed(Stream<byte[]> seeds, int count, Target target) {
        Mutants mutants = new Mutants(seeds.toList());
        for (int i = 0; i < count; i++) {
            byte[] input = mutants.next();
            try {
                target.accept(input);
            } catch (Exception | Error e) {
                throw new AssertionError("mutant " + i + ", " + HexFormat.of().formatHex(input) + ": " + e, e);
            }
        }
    }

    /** The input in pieces, cut at places that depend on nothing but the input. */
    public static List<byte[]> cut(byte[] input) {
        SplittableRandom random = new SplittableRandom(Arrays.hashCode(input));
        int longest = 1 + random.nextInt(1 << random.nextInt(12));
        List<byte[]> pieces = new ArrayList<>();
        for (int at = 0; at < input.length; ) {
            int end = Math.min(input.length, at + 1 + random.nextInt(longest));
            pieces.add(Arrays.copyOfRange(input, at, end));
            at = end;
        }
        return pieces;
    }

    private byte[] next() {
        byte[] input = any().clone();
        for (int steps = random.nextInt(1, 5); steps > 0; steps--) {
            input = mutate(input);
        }
        return input;
    }

    private byte[] any() {
        return seeds.get(random.nextInt(seeds.size()));
    }

    private byte[] mutate(byte[] input) {
        int at = random.nextInt(input.length + 1);
        int end = Math.min(input.length, at + random.nextInt(1, 9));
        return switch (random.nextInt(6)) {
            case 0 -> replace(input, at, end, new byte[0]);
            case 1 -> replace(input, at, at, random());
            case 2 -> replace(input, at, end, random());
            case 3 -> replace(input, at, at, Arrays.copyOfRange(input, at, end));
            case 4 -> replace(input, at, input.length, tail(any()));
            default -> flip(input, at);
        };
    }

    private byte[] random() {
        byte[] bytes = new byte[random.nextInt(1, 5)];
        random.nextBytes(bytes);
        if (random.nextBoolean()) {
            Arrays.fill(bytes, LIKELY[random.nextInt(LIKELY.length)]);
        }
        return bytes;
    }

    private byte[] tail(byte[] other) {
        return Arrays.copyOfRange(other, random.nextInt(other.length + 1), other.length);
    }

    private byte[] flip(byte[] input, int at) {
        if (at < input.length) {
            input[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        }
        return input;
    }

    private static byte[] replace(byte[] input, int from, int to, byte[] by) {
        if (input.length + by.length > MAX_BYTES) {
            return input;
        }
        byte[] output = new byte[input.length - (to - from) + by.length];
        System.arraycopy(input, 0, output, 0, from);
        System.arraycopy(by, 0, output, from, by.length);
        System.arraycopy(input, to, output, from + by.length, input.length - to);
        return output;
    }
}
