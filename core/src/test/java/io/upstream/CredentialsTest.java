// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
    private static final String KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static final ClientCertificate CERTIFICATE = ClientCertificate.pem(Path.of("c.pem"), Path.of("k.pem"));
    private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

    @Test
    void signsTheResourceAsWrittenInTheToken() throws Exception {
        String token = SasKey.of(KEY)
                .sign("hub.test", Identity.device("dev 1".replace(' ', '+')), NOW)
                .text();

        assertTrue(token.startsWith("SharedAccessSignature sr=hub.test%2Fdevices%2Fdev%2B1&sig="), token);
        assertTrue(token.endsWith("&se=1700003600"), token);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(KEY), "HmacSHA256"));
        byte[] expected = mac.doFinal("hub.test%2Fdevices%2Fdev%2B1\n1700003600".getBytes(StandardCharsets.UTF_8));
        String signature = token.substring(token.indexOf("&sig=") + 5, token.indexOf("&se="));
        assertEquals(
                Base64.getEncoder().encodeToString(expected), URLDecoder.decode(signature, StandardCharsets.UTF_8));
    }

    @Test
    void signsForAModuleUntilTheChosenTime() {
        String token = SasKey.of(KEY)
                .lifetime(Duration.ofMinutes(5))
                .sign("hub.test", Identity.module("d", "m"), NOW)
                .text();

        assertTrue(token.contains("sr=hub.test%2Fdevices%2Fd%2Fmodules%2Fm&"), token);
        assertTrue(token.endsWith("&se=1700000300"), token);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not base64!", "====", "äöü"})
    void refusesAKeyThatIsNotBase64WithoutRepeatingIt(String key) {
        String message = assertThrows(IllegalArgumentException.class, () -> SasKey.of(key))
                .getMessage();
        assertFalse(!key.isEmpty() && message.contains(key), message);
    }

    static Stream<Object> secrets() {
        return Stream.of(
                SasKey.of("Q2FuYXJ5LUNhbmFyeQ=="),
                SasToken.of("SharedAccessSignature sr=a&sig=Q2FuYXJ5LUNhbmFyeQ%3D%3D&se=1"),
                new UserPassword("user", "Q2FuYXJ5LUNhbmFyeQ"),
                ProxyServer.http(new HostPort("proxy", 3128), new UserPassword("user", "Q2FuYXJ5LUNhbmFyeQ")),
                ConnectionString.parse("HostName=h.test;DeviceId=d;SharedAccessKey=Q2FuYXJ5LUNhbmFyeQ=="));
    }

    @ParameterizedTest
    @MethodSource("secrets")
    void neverPrintsASecret(Object secret) {
        assertFalse(secret.toString().contains("Q2FuYXJ5"), secret.toString());
    }

    @Test
    void readsAConnectionString() {
        ConnectionString parsed =
                ConnectionString.parse(" hostname=h.azure-devices.net;DeviceId=d;ModuleId=m;SharedAccessKey=" + KEY
                        + ";GatewayHostName=edge; ");

        assertEquals("h.azure-devices.net", parsed.hubHost());
        assertEquals(Identity.module("d", "m"), parsed.identity());
        assertEquals("edge", parsed.gatewayHost());
        assertInstanceOf(SasKey.class, parsed.credentials());
    }

    @Test
    void readsAConnectionStringWithAToken() {
        ConnectionString parsed = ConnectionString.parse(
                "HostName=localhost;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=a&sig=b%3D&se=1");

        assertNull(parsed.gatewayHost());
        assertEquals("SharedAccessSignature sr=a&sig=b%3D&se=1", ((SasToken) parsed.credentials()).text());
    }

    @ParameterizedTest
    @CsvSource({
        "HostName=h;DeviceId=d;x509=true, d, ",
        "HostName=h;DeviceId=d;ModuleId=m;x509=True, d/m, ",
        "X509=true;hostname=h;DeviceId=d;GatewayHostName=edge, d, edge",
    })
    void readsAConnectionStringForACertificate(String text, String identity, @Nullable String gateway) {
        ConnectionString parsed = ConnectionString.parse(text, CERTIFICATE);

        assertEquals(identity, parsed.identity().toString());
        assertEquals(gateway, parsed.gatewayHost());
        assertSame(CERTIFICATE, parsed.credentials());
    }

    @Test
    void refusesACertificateBesideAKey() {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> ConnectionString.parse("HostName=h;DeviceId=d;SharedAccessKey=a2V5", CERTIFICATE))
                .getMessage();
        assertTrue(message.contains("no x509=true, but a certificate is given"), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|no HostName",
                "HostName=h;SharedAccessKey=a2V5|no DeviceId",
                "HostName=;DeviceId=d;SharedAccessKey=a2V5|no HostName",
                "HostName=h;DeviceId=d|either SharedAccessKey or SharedAccessSignature",
                "HostName=h;DeviceId=d;SharedAccessKey=a2V5;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1|either",
                "HostName=h;DeviceId=d;x509=true|the certificate and its key must be given",
                "HostName=h;DeviceId=d;x509=false;SharedAccessKey=a2V5|x509 with another value than true",
                "HostName=h;DeviceId=d;x509=true;SharedAccessKey=a2V5|only one can hold",
                "HostName=h;DeviceId=d;x509=true;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1|only one can hold",
                "HostName=h;DeviceId=d;SharedAccessKey=a2V5;GatewayHostName=|GatewayHostName without a value",
                "HostName=h;DeviceId=d;DeviceId=e;SharedAccessKey=a2V5|twice",
                "HostName=h;Wrong=d;SharedAccessKey=a2V5|unknown part: Wrong",
                "HostName=h;DeviceId|without a name",
                "HostName=h;DeviceId=a/b;SharedAccessKey=a2V5|a DeviceId or ModuleId with characters that none may have",
                "HostName=h;DeviceId=d SharedAccessKey=a2V5|every part ends with a semicolon",
                "HostName=h;DeviceId=d;a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=|whose name is not shown",
                "HostName=h;DeviceId=d;SharedAccessKey=!!|not base64",
                "HostName=h;DeviceId=d;SharedAccessSignature=nonsense|not a token",
            })
    void saysWhatIsWrongWithAConnectionString(String text, String fragment) {
        String message = assertThrows(IllegalArgumentException.class, () -> ConnectionString.parse(text))
                .getMessage();
        assertTrue(message.contains(fragment), message);
        assertFalse(message.contains("a2V5"), message);
    }
}
