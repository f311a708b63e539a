// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a device tells the Device Provisioning Service to be assigned to a hub. Immutable; any thread.
 *
 * <p>Source: the service's documentation, "Terminology" (id scope, registration id) and "Symmetric key attestation".
 */
public final class Registration {
    /** Everything together, from the first connection to the assignment. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

    /** A longer payload is not sent. */
    public static final int MAX_PAYLOAD_BYTES = 32 * 1024;

    private static final JsonFactory JSON = new JsonFactory();

    private static final Pattern SCOPE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9\\-._]{0,127}");

    /** Letters, digits and these marks; the service wants a letter, a digit or a dash at the end. */
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9\\-._:]{0,127}[A-Za-z0-9\\-]");

    private final String idScope;
    private final String registrationId;
    private final Credentials credentials;
    private final @Nullable String payload;
    private final Duration timeout;

    private Registration(
            String idScope,
            String registrationId,
            Credentials credentials,
            @Nullable String payload,
            Duration timeout) {
        this.idScope = idScope;
        this.registrationId = registrationId;
        this.credentials = credentials;
        this.payload = payload;
        this.timeout = timeout;
    }

    /**
     * Says who registers, and how that is proved.
     *
     * @param idScope the service's own id, such as {@code 0ne000A1B2C}
     * @param registrationId 1 to 128 letters, digits and {@code - . _ :}, with a letter, a digit or a dash at the end; the service does not
     *     tell cases apart
     * @param credentials a {@link SasKey}: the key of an individual enrolment, or {@link SasKey#derived} from that of a group; a {@link
     *     ClientCertificate} whose common name is the registration id; or a {@link SasToken} that was signed for the registration
     * @throws IllegalArgumentException for anything else
     */
    public static Registration of(String idScope, String registrationId, Credentials credentials) {
        if (!SCOPE.matcher(idScope).matches()) {
            throw new IllegalArgumentException("an id scope is letters and digits such as 0ne000A1B2C, was '"
                    + idScope.replaceAll("\\p{Cc}", "?") + "'");
        }
        requireRegistrationId(registrationId);
        if (!(credentials instanceof SasKey
                || credentials instanceof SasToken
                || credentials instanceof ClientCertificate)) {
            throw new IllegalArgumentException(
                    "the provisioning service is shown a SasKey, a SasToken or a ClientCertificate, no other credentials");
        }
        return new Registration(idScope, registrationId, credentials, null, DEFAULT_TIMEOUT);
    }

    static void requireRegistrationId(String registrationId) {
        if (!ID.matcher(registrationId).matches()) {
            throw new IllegalArgumentException(
                    "a registration id is 1..128 ASCII letters, digits or - . _ : with a letter, a digit or a dash at the end, was '"
                            + registrationId.replaceAll("\\p{Cc}", "?") + "'");
        }
    }

    /**
     * The same, with something for the service's own allocation function to read.
     *
     * @param json any one JSON value, at most {@link #MAX_PAYLOAD_BYTES} in UTF-8
     * @throws IllegalArgumentException if it is not that; the text is not repeated in the message
     */
    public Registration payload(String json) {
        int length = json.getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("the payload of a registration has at most " + MAX_PAYLOAD_BYTES
                    + " bytes in UTF-8, this one has " + length);
        }
        requireOneValue(json);
        return new Registration(idScope, registrationId, credentials, json, timeout);
    }

    private static void requireOneValue(String json) {
        try (JsonParser parser = JSON.createParser(json)) {
            boolean any = parser.nextToken() != null;
            parser.skipChildren();
            if (any && parser.nextToken() == null) {
                return;
            }
        } catch (IOException e) { // without it as the cause: it shows what was read
            throw notJson();
        }
        throw notJson();
    }

    private static IllegalArgumentException notJson() {
        return new IllegalArgumentException(
                "the payload of a registration is not one JSON value (its text is not shown)");
    }

    /**
     * The same, with a limit for everything together: connecting, the service's answers, its requests to wait, and all protocols that are
     * tried. More than zero, at most a day.
     */
    public Registration timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(UpstreamOptions.MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "a registration's timeout must be more than zero and at most a day, was " + limit);
        }
        return new Registration(idScope, registrationId, credentials, payload, Objects.requireNonNull(limit));
    }

    public String idScope() {
        return idScope;
    }

    public String registrationId() {
        return registrationId;
    }

    public Credentials credentials() {
        return credentials;
    }

    /** JSON text. */
    public Optional<String> payload() {
        return Optional.ofNullable(payload);
    }

    public Duration timeout() {
        return timeout;
    }

    /** Without the payload and what is secret. */
    @Override
    public String toString() {
        return "Registration[" + idScope + "/" + registrationId + ", " + credentials + ", timeout=" + timeout + "]";
    }
}
