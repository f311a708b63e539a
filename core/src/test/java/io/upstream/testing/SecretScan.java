// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Marker;
import org.slf4j.helpers.MessageFormatter;

/**
 * Reads what this library and Netty have to say to the log at any level, whether it is printed or not, and what else it is shown. It
 * changes nothing of what is printed: it sits where Logback decides about that.
 */
public final class SecretScan extends TurboFilter {
    private static final int MOST_HITS = 20;
    private static final int MOST_GUARDED = 64;
    private static final int AROUND = 80;
    private static final int MOST_CAUSES = 50;

    /** Also secrets that are different each time, by what stands before them. */
    private static final Pattern TELLTALE = Pattern.compile(
            "sig=[A-Za-z0-9%+/]{10,}" // and no end of random Base64, sig==
                    + "|SharedAccessKey=[^*;\\s]{4,}"
                    + "|(?i:proxy-authorization: *(?:Basic|Digest|NTLM|Negotiate|Bearer) +[^*\\s])"
                    + "|TlRMTVNTUAAD[A-Za-z0-9+/]{8}" // what answers an NTLM challenge
                    + "|Negotiate [A-Za-z0-9+/]{24}"
                    + "|\\bresponse=\"?[0-9a-f]{32}");

    /** What its alternatives begin with. */
    private static final List<String> TELLTALE_BEGINNINGS =
            List.of("sig=", "SharedAccessKey=", "proxy-authorization:", "TlRMTVNTUAAD", "Negotiate ", "response=");

    private static final Set<String> FIXED = fixed();
    private static volatile Anchors anchors = anchors(List.of());
    private static final Deque<String> guarded = new ArrayDeque<>();
    private static final List<String> hits = new ArrayList<>();

    private static Set<String> fixed() {
        Set<String> all = new LinkedHashSet<>();
        Canaries.ALL.forEach(each -> all.addAll(Canaries.spellings(each)));
        return all;
    }

    private static Anchors anchors(Iterable<String> made) {
        Anchors all = new Anchors();
        TELLTALE_BEGINNINGS.forEach(all::add);
        FIXED.forEach(all::add);
        made.forEach(all::add);
        return all;
    }

    /** Looks for {@code secret}, which was made up only now, too; the newest of them. */
    public static void guard(String secret) {
        synchronized (guarded) {
            guarded.addLast(secret);
            if (guarded.size() > MOST_GUARDED) {
                guarded.removeFirst();
            }
            anchors = anchors(guarded);
        }
    }

    /** Looks at {@code text}. */
    public static void look(String where, String text) {
        String found = secretIn(text);
        if (found != null) {
            int at = Math.max(0, text.indexOf(found) - AROUND);
            String hit = "'" + found + "' in " + where + ": "
                    + text.substring(at, Math.min(text.length(), at + found.length() + 2 * AROUND));
            synchronized (hits) {
                if (hits.size() < MOST_HITS) {
                    hits.add(hit);
                }
            }
        }
    }

    /** Looks at all that an exception says, its causes and what it suppressed included. */
    public static void look(String where, Throwable thrown) {
        Deque<Throwable> left = new ArrayDeque<>(List.of(thrown));
        for (int n = 0; n < MOST_CAUSES && !left.isEmpty(); n++) {
            Throwable each = left.remove();
            String text = each.toString();
            String message = String.valueOf(each.getMessage());
            look(where, text.contains(message) ? text : text + ": " + message);
            left.addAll(List.of(each.getSuppressed()));
            if (each.getCause() != null) {
                left.add(each.getCause());
            }
        }
    }

    /** What was found since the last call. */
    public static List<String> takeHits() {
        synchronized (hits) {
            List<String> all = List.copyOf(hits);
            hits.clear();
            return all;
        }
    }

    private static String secretIn(String text) {
        if (!anchors.mayBeIn(text)) {
            return null;
        }
        for (String each : FIXED) {
            if (text.contains(each)) {
                return each;
            }
        }
        synchronized (guarded) {
            for (String each : guarded) {
                if (text.contains(each)) {
                    return each;
                }
            }
        }
        var telltale = TELLTALE.matcher(text);
        return telltale.find() ? telltale.group() : null;
    }

    @Override
    public FilterReply decide(
            Marker marker, Logger logger, Level level, String format, Object[] params, Throwable thrown) {
        String name = logger.getName();
        if (!name.startsWith("io.upstream") && !name.startsWith("io.netty")) {
            return FilterReply.NEUTRAL;
        }
        if (format == null) {
            return FilterReply.ACCEPT; // whoever asks whether it is worth the trouble shall say it
        }
        String where = "what " + name + " logs at " + level;
        look(
                where,
                params == null
                        ? format
                        : MessageFormatter.arrayFormat(format, params).getMessage());
        if (thrown != null) {
            look(where, thrown);
        } else if (params != null && params.length > 0 && params[params.length - 1] instanceof Throwable last) {
            look(where, last);
        }
        return FilterReply.NEUTRAL;
    }
}
