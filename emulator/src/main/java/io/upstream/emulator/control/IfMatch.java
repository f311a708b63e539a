// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.upstream.emulator.hub.Precondition;
import org.jspecify.annotations.Nullable;

/** The {@code If-Match} of a request. Clients of the hub send entity tags with and without the quotes of RFC 9110. */
final class IfMatch {
    private IfMatch() {}

    /** The entity tag without quotes, or {@code *}; {@code null} if the request has none. */
    static @Nullable String of(FullHttpRequest request) {
        String value = request.headers().get(HttpHeaderNames.IF_MATCH);
        if (value == null) {
            return null;
        }
        String tag = value.strip();
        tag = tag.startsWith("W/") ? tag.substring(2) : tag;
        boolean quoted = tag.length() >= 2 && tag.startsWith("\"") && tag.endsWith("\"");
        return quoted ? tag.substring(1, tag.length() - 1) : tag;
    }

    /** @param otherwise what holds for a request without {@code If-Match} */
    static Precondition of(FullHttpRequest request, Precondition otherwise) {
        return of(of(request), otherwise);
    }

    static Precondition of(@Nullable String tag, Precondition otherwise) {
        if (tag == null) {
            return otherwise;
        }
        return tag.equals("*") ? Precondition.PRESENT : Precondition.matches(tag);
    }
}
