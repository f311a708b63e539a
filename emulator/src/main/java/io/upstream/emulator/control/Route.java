// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.PercentText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request's target taken apart. Literal segments are compared without regard to case, as the hub does. */
record Route(List<String> segments, Map<String, List<String>> parameters) {

    static Route of(String target) throws HubException {
        QueryStringDecoder decoder = new QueryStringDecoder(target);
        String path = decoder.rawPath();
        List<String> segments = new ArrayList<>();
        for (String segment : path.substring(path.startsWith("/") ? 1 : 0).split("/", -1)) {
            segments.add(PercentText.decode(segment));
        }
        try {
            return new Route(List.copyOf(segments), decoder.parameters());
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, "the query is not percent-encoded UTF-8");
        }
    }

    /** Whether the path is this one, where {@code *} stands for any one segment that is not empty. */
    boolean is(String... pattern) {
        boolean same = pattern.length == segments.size();
        for (int i = 0; same && i < pattern.length; i++) {
            same = pattern[i].equals("*") ? !segments.get(i).isEmpty() : pattern[i].equalsIgnoreCase(segments.get(i));
        }
        return same;
    }

    /** The identity of {@code /ROOT/{d}} or {@code /ROOT/{d}/modules/{m}}; {@code null} for another path. */
    @Nullable
    HubIdentity identity(String root) {
        if (is(root, "*")) {
            return HubIdentity.device(segments.get(1));
        }
        return is(root, "*", "modules", "*") ? HubIdentity.module(segments.get(1), segments.get(3)) : null;
    }

    /** Whose method is called: the identity of {@code /twins/…/methods}; {@code null} for another path. */
    @Nullable
    HubIdentity called() {
        if (is("twins", "*", "methods")) {
            return HubIdentity.device(segments.get(1));
        }
        return is("twins", "*", "modules", "*", "methods")
                ? HubIdentity.module(segments.get(1), segments.get(3))
                : null;
    }

    @Nullable
    String parameter(String name) {
        List<String> values = parameters.get(name);
        return values == null || values.get(0).isEmpty() ? null : values.get(0);
    }

    long number(String name, long fallback) throws HubException {
        String text = parameter(name);
        if (text == null) {
            return fallback;
        }
        try {
            long number = Long.parseLong(text);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new HubException(HubError.MALFORMED, name + " must be a whole number, was " + text);
        }
        throw new HubException(HubError.MALFORMED, name + " must not be negative, was " + text);
    }

    boolean flag(String name) throws HubException {
        String text = parameter(name);
        if (text == null || text.equals("false")) {
            return false;
        }
        if (text.equals("true")) {
            return true;
        }
        throw new HubException(HubError.MALFORMED, name + " must be true or false, was " + text);
    }
}
