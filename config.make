# Appended to nginx's Makefile: the embedded files follow their sources.

bb_store_files=`find $ngx_addon_dir/lua-scripts $ngx_addon_dir/sql -type f \
    \( -name '*.lua' -o -name '*.sql' \) | LC_ALL=C sort | tr '\n' ' '`

cat << END >> $NGX_MAKEFILE

$NGX_OBJS/bb_store/core_embed.c: \\
	$ngx_addon_dir/tools/embed \\
	`find $ngx_addon_dir/lua-scripts $ngx_addon_dir/sql -type d \
	    | LC_ALL=C sort | tr '\n' ' '` \\
	$bb_store_files
	$ngx_addon_dir/tools/embed $ngx_addon_dir $NGX_OBJS/bb_store/core_embed.c

# one that was removed is no error
$bb_store_files:

END
