// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who speaks: a device of the hub, or a module of a device. Ids are case-sensitive.
 *
 * @param deviceId 1 to 128 characters of those that the hub allows
 * @param moduleId likewise; null for a device
 */
public record Identity(String deviceId, @Nullable String moduleId) {
    /** The hub's identity registry: 7-bit alphanumerics and these marks. */
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9\\-:.+%_#*?!(),=@;$']{1,128}");

    public Identity {
        requireAllowed("device id", deviceId);
        if (moduleId != null) {
            requireAllowed("module id", moduleId);
        }
    }

    public static Identity device(String deviceId) {
        return new Identity(deviceId, null);
    }

    public static Identity module(String deviceId, String moduleId) {
        return new Identity(deviceId, moduleId);
    }

    /** The hub's key for it: {@code device} or {@code device/module}. */
    @Override
    public String toString() {
        return moduleId == null ? deviceId : deviceId + "/" + moduleId;
    }

    private static void requireAllowed(String what, String id) {
        if (!ALLOWED.matcher(id).matches()) {
            throw new IllegalArgumentException(what
                    + " must be 1..128 ASCII letters, digits or - : . + % _ # * ? ! ( ) , = @ ; $ ', was '"
                    + id.replaceAll("\\p{Cc}", "?") + "'");
        }
    }
}
