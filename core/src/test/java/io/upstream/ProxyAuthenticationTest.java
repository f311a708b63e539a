// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ProxyAuthentication.Strength;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyAuthenticationTest {
    private static final UserPassword LOGIN = new UserPassword("user", "hunter2");

    @Test
    void allowsDigestAndBasicUnlessToldOtherwise() {
        ProxyAuthentication login = ProxyAuthentication.of(LOGIN);
        assertTrue(login.allows("Digest") && login.allows("basic") && !login.allows("NTLM"));
        assertTrue(login.allowsBasicOverPlaintext());
        assertFalse(login.sendsBasicUnasked());
        ProxyAuthentication windows = login.toBuilder().schemes("NTLM").build();
        assertTrue(windows.allows("ntlm") && !windows.allows("Basic"));
        assertEquals(LOGIN, windows.userPassword());
        assertFalse(windows.allowsLegacyNtlm());
        assertTrue(windows.toBuilder().allowLegacyNtlm(true).build().toBuilder()
                .build()
                .allowsLegacyNtlm());
    }

    @Test
    void knowsNoOtherSchemeForAPassword() {
        ProxyAuthentication.Builder builder = ProxyAuthentication.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.schemes("Digest", "Negotiate"));
    }

    @Test
    void isEqualToWhatChoosesTheSame() {
        ProxyAuthentication login = ProxyAuthentication.of(LOGIN);
        assertEquals(login, login.toBuilder().build());
        assertEquals(login.hashCode(), login.toBuilder().build().hashCode());
        assertNotEquals(login, login.toBuilder().minimum(Strength.NTLM).build());
        assertNotEquals(login, login.toBuilder().allowLegacyNtlm(true).build());
        assertNotEquals(login, ProxyAuthentication.NONE);
        assertEquals(ProxyAuthentication.NONE, ProxyAuthentication.builder().build());
    }

    @Test
    void takesGivenCredentialsOrAProvider() {
        ProxyAuthentication asked = ProxyAuthentication.of(request -> {
            throw new IllegalStateException();
        });
        assertEquals(null, asked.userPassword());
        assertEquals(null, asked.toBuilder().userPassword(LOGIN).build().provider());
        assertEquals("a provider of credentials", asked.toString());
        assertFalse(ProxyAuthentication.of(LOGIN).toString().contains("hunter2"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host",
                "proxy-authorization",
                "Content-Length",
                "Transfer-Encoding",
                "CONNECTION",
                "User-Agent",
                "a b",
                "a:b",
                "",
                "a\r\nb",
                "a\u0000",
                "ä"
            })
    void refusesHeaderFieldsThatAreNotForThisPlace(String name) {
        assertThrows(IllegalArgumentException.class, () -> ProxyHeaders.DEFAULT.with(name, "x"));
    }

    @ParameterizedTest
    @CsvSource({"'a\r\nX: y'", "'a\u0000'", "'a\u007f'", "'a\nb'", "ü"})
    void refusesValuesThatAreMoreThanOneLine(String value) {
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> ProxyHeaders.DEFAULT.with("X-Key", value));
        assertFalse(String.valueOf(error.getMessage()).contains(value), error::toString);
        assertThrows(IllegalArgumentException.class, () -> new ProxyHeaders(value, Map.of()));
    }

    @Test
    void boundsWhatItSends() {
        assertThrows(IllegalArgumentException.class, () -> ProxyHeaders.DEFAULT.with("X", "y".repeat(9000)));
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 33; i++) {
            many.put("X" + i, "y");
        }
        assertThrows(IllegalArgumentException.class, () -> new ProxyHeaders("", many));
    }

    @Test
    void printsNoValues() {
        assertEquals(
                "ProxyHeaders[userAgent=Upstream, more=[X-Key]]",
                ProxyHeaders.DEFAULT.with("X-Key", "hunter2").toString());
    }
}
