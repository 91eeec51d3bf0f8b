# Finds a JDK 25. Sourced by the scripts; needs nothing but bash, and starts as few processes as it can.

jdk_needed=25

# Succeeds if the folder is a JDK (not only a runtime) of the version needed.
is_jdk_needed() {
  [[ -x $1/bin/java && -x $1/bin/javac && -r $1/release ]] || return 1
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      JAVA_VERSION=\"$jdk_needed[.\"+-]*) return 0 ;;
      JAVA_VERSION=*) return 1 ;;
    esac
  done <"$1/release"
  return 1
}

# Sets jdk to the home of a JDK 25. Else says on stderr where it looked, and fails.
find_jdk() {
  local candidate java link
  if [[ -n ${COXSWAIN_JAVA_HOME:-} ]]; then
    jdk=$COXSWAIN_JAVA_HOME
    is_jdk_needed "$jdk" && return 0
    echo "coxswain: COXSWAIN_JAVA_HOME is $jdk, which is not a JDK $jdk_needed. Set it to one, or unset it." >&2
    return 1
  fi
  if [[ -n ${JAVA_HOME:-} ]]; then
    jdk=$JAVA_HOME
    is_jdk_needed "$jdk" && return 0
  fi
  if java=$(command -v java); then
    while link=$(readlink "$java"); do
      [[ $link == /* ]] || link=${java%/*}/$link
      java=$link
    done
    jdk=${java%/bin/java}
    is_jdk_needed "$jdk" && return 0
  fi
  for candidate in /usr/lib/jvm/* /usr/java/* /usr/local/java/* /opt/* /opt/*/* \
    "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* "${HOME:-}"/.asdf/installs/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    jdk=$candidate
    is_jdk_needed "$jdk" && return 0
  done
  cat >&2 <<END
coxswain: no JDK $jdk_needed found. Looked at
  COXSWAIN_JAVA_HOME  ${COXSWAIN_JAVA_HOME:-(not set)}
  JAVA_HOME           ${JAVA_HOME:-(not set)}
  java on the PATH    ${java:-(none)}
  /usr/lib/jvm, /usr/java, /usr/local/java, /opt, ~/.sdkman/candidates/java, ~/.jdks, ~/.asdf/installs/java,
  /Library/Java/JavaVirtualMachines, /opt/homebrew/opt
Install a JDK $jdk_needed (the full JDK: javac is needed), or set COXSWAIN_JAVA_HOME to its folder.
END
  return 1
}
