# SD_TRY_CFLAGS(VARIABLE, FLAGS): keep each of FLAGS that the compiler takes without a word.
AC_DEFUN([SD_TRY_CFLAGS], [
  for sd_flag in $2; do
    sd_saved_cflags="$CFLAGS"
    CFLAGS="$CFLAGS -Werror $sd_flag"
    AC_MSG_CHECKING([whether $CC takes $sd_flag])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); $1="$$1 $sd_flag"], [AC_MSG_RESULT([no])])
    CFLAGS="$sd_saved_cflags"
  done
])
