// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who a client says it is: {@code {idScope}/registrations/{registrationId}}, in an MQTT user name, a SASL user name, a link address or a path.
 *
 * @param registrationId letters in either case name the same registration
 */
public record RegistrationAddress(String idScope, String registrationId) {
    private static final String ID = "[A-Za-z0-9\\-._:]{1,128}";
    private static final Pattern FORM =
            Pattern.compile("(?:amqps?://[^/]*)?/?([A-Za-z0-9]{1,64})/registrations/(" + ID + ")");
    private static final Pattern USER_NAME = Pattern.compile("([^/]+/registrations/[^/]+)/\\??(?:.*&)?api-version=.+");
    private static final Pattern ALONE = Pattern.compile(ID);

    /** Reads the bare form, with or without a slash or a scheme and host in front; {@code null} if it is something else. */
    public static @Nullable RegistrationAddress parse(@Nullable String text) {
        Matcher matcher = FORM.matcher(text == null ? "" : text);
        return matcher.matches() ? new RegistrationAddress(matcher.group(1), matcher.group(2)) : null;
    }

    /** Reads an MQTT user name: the bare form, then {@code /api-version=…&ClientVersion=…}; {@code null} if it is something else. */
    public static @Nullable RegistrationAddress ofUserName(@Nullable String text) {
        Matcher matcher = USER_NAME.matcher(text == null ? "" : text);
        return matcher.matches() ? parse(matcher.group(1)) : null;
    }

    static boolean isRegistrationId(String text) {
        return ALONE.matcher(text).matches();
    }

    /** By what a registration is found. */
    String key() {
        return key(registrationId);
    }

    static String key(String registrationId) {
        return registrationId.toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return idScope + "/registrations/" + registrationId;
    }
}
