# The regions of the migrations, and each name by which a seller may call a sido.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my (@sido, %gugun);      # code, name, other names of each; of each its gugun

while (my $line = <DATA>) {
    chomp($line);

    if ($line =~ /\A\d/) {
        push @sido, [ split(/:? /, $line) ];
    }
    else {
        push $gugun{$sido[-1][0]}->@*, [ $1, $2 ] while $line =~ /(\d+) ([^ ]+)/g;
    }
}

my $t = add_services(BB::Test->new(domains => 'store'))->run();

add_stores($t, { id => 500, manager => 500 });

my $user = 1000;

is(scalar @sido, 17, '17 sido');
is(scalar map({ @$_ } values %gugun), 230, '230 gugun');

is_same_for_all($t->get('/stores/address/sido'), '['
    . join(',', map { qq({"code":"$_->[0]","name":"$_->[1]"}) } @sido) . ']',
    'all sido');

for my $sido (@sido) {
    my ($code, $name, @aliases) = @$sido;

    is_same_for_all($t->get("/stores/address/gugun?sido=$code"), '['
        . join(',', map { qq({"value":"$_->[0]","label":"$_->[1]"}) } $gugun{$code}->@*)
        . ']', "all gugun of $name");

    is_deeply([ $t->db()->column('SELECT name FROM sido_alias WHERE sido_code = ?
        ORDER BY name COLLATE "C"', $code) ], [ sort @aliases ], 'its other names');

    # S1 and S2 take each of them, and the form shows the stored one
    my ($gugun_code, $gugun) = $gugun{$code}[-1]->@*;

    for my $called ($name, @aliases) {
        my %region = (sido => $called, gugun => $gugun);
        my $made = $t->post('/stores/', user => ++$user, body => store_body(%region));
        my $id = $made->json()->{data} // 0;

        ok_void($t->put('/stores/500', user => 500, body => store_body(%region)),
            "moved to $called $gugun");

        for my $place ([ $id, $user ], [ 500, 500 ]) {
            my ($store, $manager) = @$place;
            my $form = $t->get("/stores/$store", user => $manager)->json()->{data};

            is(join(' ', $form->@{qw(sido gugun)}), "$name $gugun", "in $name $gugun");
            is($t->db()->value('SELECT gugun_code FROM store_address
                WHERE store_id = ?', $store), $gugun_code, 'with its code');
        }
    }
}

$t->done();


# code name: other names, and below them the gugun with their codes
__DATA__
11 서울: 서울시 서울특별시
    11110 종로구 11140 중구 11170 용산구 11200 성동구 11215 광진구 11230 동대문구
    11260 중랑구 11290 성북구 11305 강북구 11320 도봉구 11350 노원구 11380 은평구
    11410 서대문구 11440 마포구 11470 양천구 11500 강서구 11530 구로구 11545 금천구
    11560 영등포구 11590 동작구 11620 관악구 11650 서초구 11680 강남구 11710 송파구
    11740 강동구
26 부산: 부산시 부산광역시
    26110 중구 26140 서구 26170 동구 26200 영도구 26230 부산진구 26260 동래구
    26290 남구 26320 북구 26350 해운대구 26380 사하구 26410 금정구 26440 강서구
    26470 연제구 26500 수영구 26530 사상구 26710 기장군
27 대구: 대구시 대구광역시
    27110 중구 27140 동구 27170 서구 27200 남구 27230 북구 27260 수성구 27290 달서구
    27710 달성군
28 인천: 인천시 인천광역시
    28110 중구 28140 동구 28177 미추홀구 28185 연수구 28200 남동구 28237 부평구
    28245 계양구 28260 서구 28710 강화군 28720 옹진군
29 광주: 광주시 광주광역시
    29110 동구 29140 서구 29155 남구 29170 북구 29200 광산구
30 대전: 대전시 대전광역시
    30110 동구 30140 중구 30170 서구 30200 유성구 30230 대덕구
31 울산: 울산시 울산광역시
    31110 중구 31140 남구 31170 동구 31200 북구 31710 울주군
36 세종: 세종시 세종특별자치시
    36110 조치원읍
41 경기도: 경기
    41111 수원시 41131 성남시 41150 의정부시 41171 안양시 41190 부천시 41210 광명시
    41220 평택시 41250 동두천시 41271 안산시 41281 고양시 41290 과천시 41310 구리시
    41360 남양주시 41370 오산시 41390 시흥시 41410 군포시 41430 의왕시 41450 하남시
    41461 용인시 41480 파주시 41500 이천시 41550 안성시 41570 김포시 41590 화성시
    41610 광주시 41630 양주시 41650 포천시 41670 여주시 41800 연천군 41820 가평군
    41830 양평군
42 강원도: 강원 강원특별자치도
    42110 춘천시 42130 원주시 42150 강릉시 42170 동해시 42190 태백시 42210 속초시
    42230 삼척시 42720 홍천군 42730 횡성군 42750 영월군 42760 평창군 42770 정선군
    42780 철원군 42790 화천군 42800 양구군 42810 인제군 42820 고성군 42830 양양군
43 충청북도: 충북
    43111 청주시 43130 충주시 43150 제천시 43720 보은군 43730 옥천군 43740 영동군
    43745 증평군 43750 진천군 43760 괴산군 43770 음성군 43800 단양군
44 충청남도: 충남
    44131 천안시 44133 천안시 44150 공주시 44180 보령시 44200 아산시 44210 서산시
    44230 논산시 44250 계룡시 44270 당진시 44710 금산군 44760 부여군 44770 서천군
    44790 청양군 44800 홍성군 44810 예산군 44825 태안군
45 전라북도: 전북 전북특별자치도
    45111 전주시 45130 군산시 45140 익산시 45180 정읍시 45190 남원시 45210 김제시
    45710 완주군 45720 진안군 45730 무주군 45740 장수군 45750 임실군 45770 순창군
    45790 고창군 45800 부안군
46 전라남도: 전남
    46110 목포시 46130 여수시 46150 순천시 46170 나주시 46230 광양시 46710 담양군
    46720 곡성군 46730 구례군 46770 고흥군 46780 보성군 46790 화순군 46800 장흥군
    46810 강진군 46820 해남군 46830 영암군 46840 무안군 46860 함평군 46870 영광군
    46880 장성군 46890 완도군 46900 진도군 46910 신안군
47 경상북도: 경북
    47111 포항시 47130 경주시 47150 김천시 47170 안동시 47190 구미시 47210 영주시
    47230 영천시 47250 상주시 47280 문경시 47290 경산시 47720 군위군 47730 의성군
    47750 청송군 47760 영양군 47770 영덕군 47820 청도군 47830 고령군 47840 성주군
    47850 칠곡군 47900 예천군 47920 봉화군 47930 울진군 47940 울릉군
48 경상남도: 경남
    48121 창원시 48170 진주시 48220 통영시 48240 사천시 48250 김해시 48270 밀양시
    48310 거제시 48330 양산시 48720 의령군 48730 함안군 48740 창녕군 48820 고성군
    48840 남해군 48850 하동군 48860 산청군 48870 함양군 48880 거창군 48890 합천군
50 제주특별자치도: 제주 제주도
    50110 제주시 50130 서귀포시
