// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.RegisteredIdentity;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of the hub's query language that is understood here.
 *
 * @param deviceId {@code null} for all
 * @param moduleId {@code null} for all
 */
record TwinQuery(
        boolean ofModules,
        @Nullable String deviceId,
        @Nullable String moduleId) {
    private static final String TEXT = "'((?:[^']|'')*)'|\"([^\"]*)\"";
    private static final Pattern QUERY = Pattern.compile(
            "\\s*select\\s+\\*\\s+from\\s+devices(?<modules>\\.modules)?"
                    + "(?:\\s+where\\s+(?:devices\\.)?deviceId\\s*=\\s*(?<device>" + TEXT + ")"
                    + "(?:\\s+and\\s+(?:devices\\.modules\\.)?moduleId\\s*=\\s*(?<module>" + TEXT + "))?)?\\s*",
            Pattern.CASE_INSENSITIVE);

    static TwinQuery parse(String text) throws HubException {
        Matcher matcher = QUERY.matcher(text);
        if (matcher.matches()) {
            boolean ofModules = matcher.group("modules") != null;
            String moduleId = unquote(matcher.group("module"));
            if (ofModules || moduleId == null) {
                return new TwinQuery(ofModules, unquote(matcher.group("device")), moduleId);
            }
        }
        throw new HubException(
                HubError.MALFORMED,
                "this hub answers only SELECT * FROM devices [WHERE deviceId = '...'] and"
                        + " SELECT * FROM devices.modules [WHERE deviceId = '...' [AND moduleId = '...']]");
    }

    private static @Nullable String unquote(@Nullable String quoted) {
        if (quoted == null) {
            return null;
        }
        String inner = quoted.substring(1, quoted.length() - 1);
        return quoted.startsWith("'") ? inner.replace("''", "'") : inner;
    }

    boolean admits(RegisteredIdentity entry) {
        return moduleId == null || moduleId.equals(entry.identity().moduleId());
    }
}
