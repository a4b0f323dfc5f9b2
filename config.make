# Appended to nginx's Makefile: the embedded files follow their sources.

cat << END >> $NGX_MAKEFILE

$NGX_OBJS/bb_store/core_embed.c: \\
	$ngx_addon_dir/tools/embed \\
	`find $ngx_addon_dir/lua-scripts $ngx_addon_dir/sql -type d \
	    | LC_ALL=C sort | tr '\n' ' '` \\
	`find $ngx_addon_dir/lua-scripts $ngx_addon_dir/sql -type f \
	    \( -name '*.lua' -o -name '*.sql' \) | LC_ALL=C sort | tr '\n' ' '`
	$ngx_addon_dir/tools/embed $ngx_addon_dir $NGX_OBJS/bb_store/core_embed.c

END
