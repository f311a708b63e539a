// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.upstream.UpstreamException.Where;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureKindTest {
    private static final Where WHERE = new Where("tls", "hub h:1");

    @ParameterizedTest(name = "{0} is a {1}, transient: {2}")
    @CsvSource({
        "TIMEOUT, NetworkException, true",
        "UNREACHABLE, NetworkException, true",
        "REFUSED, NetworkException, true",
        "RESET, NetworkException, true",
        "DNS, NetworkException, true",
        "CLOSED_BY_PEER, NetworkException, true",
        "PROXY_UNREACHABLE, NetworkException, true",
        "SERVER_ERROR, NetworkException, true",
        "THROTTLED, ThrottledException, true",
        "QUOTA, QuotaExceededException, true",
        "PROXY_AUTH, ProxyAuthenticationException, false",
        "PROXY_DENIED, ProxyDeniedException, false",
        "TLS_TRUST, TrustException, false",
        "TLS_NAME, TrustException, false",
        "TLS_EXPIRED, TrustException, false",
        "TLS_OTHER, TrustException, false",
        "WS_REJECTED, ProtocolException, false",
        "PROTOCOL, ProtocolException, false",
        "UNAUTHORIZED, AuthenticationException, false",
        "TOKEN_EXPIRED, AuthenticationException, false",
        "NOT_FOUND, IdentityException, false",
        "DEVICE_DISABLED, IdentityException, false",
        "KICKED, ConflictException, true",
        "TOO_LARGE, MessageException, false",
        "INVALID, MessageException, false",
        "OUTBOX_FULL, BackpressureException, true",
        "CONFIGURATION, LocalException, false",
        "CLOSED, LocalException, false",
        "INTERNAL, LocalException, false",
    })
    void belongsToOneClass(FailureKind kind, String exception, boolean isTransient) {
        Throwable cause = new IllegalStateException("below");
        UpstreamException made = UpstreamException.of(kind, WHERE, "what happened", cause);

        assertEquals(exception, made.getClass().getSimpleName());
        assertEquals(isTransient, made.isTransient());
        assertEquals(kind, made.kind());
        assertEquals("tls", made.stage());
        assertEquals("hub h:1", made.hop());
        assertSame(cause, made.getCause());
    }

    @Test
    void everyExceptionClassHasAKind() {
        Set<String> made = Arrays.stream(FailureKind.values())
                .map(kind -> UpstreamException.of(kind, WHERE, "").getClass().getName())
                .collect(Collectors.toSet());
        Set<String> permitted = Arrays.stream(UpstreamException.class.getPermittedSubclasses())
                .map(Class::getName)
                .collect(Collectors.toSet());
        assertEquals(permitted, made);
    }
}
