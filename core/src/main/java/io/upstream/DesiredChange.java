// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/**
 * A change of the desired properties, as a merge patch (RFC 7396): a member that is null was removed. The hub tells nobody later what changed
 * while an identity was not connected. When a session has come back after such a change it reads the twin again and gives all desired
 * properties at once.
 *
 * @param patch a JSON object, with its {@code $version}
 * @param version the version of the desired properties after the change
 * @param complete whether these are all desired properties, after a gap: what is not among them was removed
 */
public record DesiredChange(String patch, long version, boolean complete) {
    public DesiredChange {
        Objects.requireNonNull(patch, "patch");
    }

    /** A patch. */
    public DesiredChange(String patch, long version) {
        this(patch, version, false);
    }

    /** Without the contents, which may be secret. */
    @Override
    public String toString() {
        return "DesiredChange[version " + version + (complete ? ", complete]" : "]");
    }
}
