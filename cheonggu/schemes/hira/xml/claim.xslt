<?xml version="1.0" encoding="UTF-8"?>
<!-- The claim as a page like the paper form. Input: page/(css, labels, claim), see formats/claim_xml_page.py. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" encoding="UTF-8" indent="no"/>
  <xsl:strip-space elements="*"/>
  <xsl:preserve-space elements="detail"/>

  <xsl:key name="field" match="field" use="concat(../@element, '.', @name)"/>
  <xsl:key name="meaning" match="value" use="concat(../../@element, '.', ../@name, '=', @code)"/>
  <xsl:key name="section" match="line | outlier_line" use="concat(generate-id(..), name(), @run)"/>
  <xsl:decimal-format NaN=""/>

  <xsl:variable name="labels" select="/page/labels"/>
  <xsl:variable name="claim" select="/page/claim"/>
  <xsl:variable name="header" select="$claim/header"/>
  <xsl:variable name="main" select="$labels/record[@element = 'general']/field[@group = 'main']"/>

  <xsl:template match="/page">
    <xsl:variable name="form" select="key('meaning', concat('header.form_no=', $header/@form_no))/@ko"/>
    <html lang="ko">
      <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="robots" content="noindex"/>
        <title>청구서 <xsl:value-of select="$header/@claim_no"/></title>
        <style><xsl:value-of select="css"/></style>
      </head>
      <body>
        <main>
          <header class="title">
            <p class="form-no">서식 <xsl:value-of select="$header/@form_no"/></p>
            <h1>
              <xsl:value-of select="$form"/>
              <xsl:if test="not($form)">청구서</xsl:if>
            </h1>
            <p class="claim-no">
              <span>청구번호</span><xsl:text> </xsl:text>
              <b><xsl:value-of select="$header/@claim_no"/></b>
            </p>
          </header>
          <xsl:call-template name="claim-box"/>
          <xsl:call-template name="nursing"/>
          <xsl:call-template name="statement-list"/>
          <xsl:apply-templates select="$claim/statement"/>
          <footer>
            <p>
              <xsl:text>청구서 파일의 내용을 읽기 쉽게 보여 주는 문서이며 법정 서식이 아닙니다. </xsl:text>
              <xsl:choose>
                <xsl:when test="@masked = 'yes'">주민등록번호 뒷자리, 성명, 증번호는 가렸습니다. </xsl:when>
                <xsl:otherwise>주민등록번호 뒷자리는 가렸습니다. </xsl:otherwise>
              </xsl:choose>
              <xsl:value-of select="concat('서식 종류 ', $claim/@kind, ', 청구서 서식버전 ', $header/@claim_form_version, '.')"/>
            </p>
          </footer>
        </main>
      </body>
    </html>
  </xsl:template>

  <!-- claim header -->
  <xsl:template name="claim-box">
    <xsl:variable name="fields" select="$labels/record[@element = 'header']/field"/>
    <section class="claim" aria-labelledby="claim">
      <h2 id="claim">청구 내용</h2>
      <xsl:call-template name="box">
        <xsl:with-param name="record" select="$header"/>
        <xsl:with-param name="fields" select="$fields[(@group = 'care' or @group = 'patient') and @used = '1' and @name != 'remark' and @name != 'form_no' and @name != 'claim_no' and @form != 'count']"/>
      </xsl:call-template>
      <h3>청구 금액</h3>
      <dl class="box sums">
        <xsl:for-each select="$fields[@form = 'count' or ((@group = 'main' or @group = 'sum') and @name != 'graded_fee_claimed_amount')]">
          <xsl:if test="$header/@*[name() = current()/@name]">
            <xsl:call-template name="sum"><xsl:with-param name="record" select="$header"/></xsl:call-template>
          </xsl:if>
        </xsl:for-each>
      </dl>
      <xsl:if test="$fields[starts-with(@name, 'graded_fee_') and @used = '1']">
        <h3>차등수가</h3>
        <xsl:call-template name="box">
          <xsl:with-param name="record" select="$header"/>
          <xsl:with-param name="fields" select="$fields[starts-with(@name, 'graded_fee_')]"/>
        </xsl:call-template>
      </xsl:if>
      <xsl:if test="$header/@remark">
        <h3>참조란</h3>
        <p class="remark"><xsl:value-of select="$header/@remark"/></p>
      </xsl:if>
    </section>
  </xsl:template>

  <xsl:template name="nursing">
    <xsl:if test="$claim/nursing">
      <section>
        <xsl:call-template name="table">
          <xsl:with-param name="rows" select="$claim/nursing"/>
        </xsl:call-template>
      </section>
    </xsl:if>
  </xsl:template>

  <!-- index by statement number -->
  <xsl:template name="statement-list">
    <section class="list" aria-labelledby="list">
      <h2 id="list">명세서 목록</h2>
      <xsl:if test="@hidden &gt; 0">
        <p class="note">
          <xsl:value-of select="concat('명세서 ', format-number(@shown + @hidden, '#,##0'), '건 가운데 앞의 ', format-number(@shown, '#,##0'), '건을 표시합니다. 표시하지 않은 명세서: ', @first_hidden, ' ~ ', @last_hidden, ' (', format-number(@hidden, '#,##0'), '건).')"/>
        </p>
      </xsl:if>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">명세서</th>
            <th scope="col">성명</th>
            <th scope="col">주상병</th>
            <th scope="col" class="won">진료 줄</th>
            <xsl:for-each select="$main">
              <th scope="col" class="won"><xsl:value-of select="@ko"/><span class="unit"> (원)</span></th>
            </xsl:for-each>
          </tr>
        </thead>
        <tbody>
          <xsl:for-each select="$claim/statement">
            <xsl:variable name="statement" select="."/>
            <tr>
              <th scope="row"><a href="#s{@statement_no}"><xsl:value-of select="@statement_no"/></a></th>
              <td><xsl:value-of select="general/@patient_name"/></td>
              <td><xsl:value-of select="(diagnosis[@diagnosis_class = '1'] | diagnosis[not(../diagnosis[@diagnosis_class = '1'])])[1]/@diagnosis_code"/></td>
              <td class="won"><xsl:value-of select="count(line)"/></td>
              <xsl:for-each select="$main">
                <td class="won"><xsl:value-of select="format-number($statement/general/@*[name() = current()/@name], '#,##0')"/></td>
              </xsl:for-each>
            </tr>
          </xsl:for-each>
        </tbody>
      </table>
    </section>
  </xsl:template>

  <!-- one statement -->
  <xsl:template match="statement">
    <xsl:variable name="fields" select="$labels/record[@element = 'general']/field"/>
    <section class="statement" id="s{@statement_no}" aria-labelledby="h{@statement_no}">
      <header>
        <h2 id="h{@statement_no}">명세서 <xsl:value-of select="@statement_no"/></h2>
        <p><xsl:value-of select="key('meaning', concat('general.form_no=', general/@form_no))/@ko"/>
          <span class="code"><xsl:value-of select="concat(' ', general/@form_no)"/></span></p>
      </header>
      <h3>수진자</h3>
      <xsl:call-template name="box">
        <xsl:with-param name="record" select="general"/>
        <xsl:with-param name="fields" select="$fields[@group = 'patient']"/>
      </xsl:call-template>
      <h3>진료</h3>
      <xsl:call-template name="box">
        <xsl:with-param name="record" select="general"/>
        <xsl:with-param name="fields" select="$fields[@group = 'care' and @name != 'form_no' and @name != 'provider_code']"/>
      </xsl:call-template>
      <xsl:call-template name="table"><xsl:with-param name="rows" select="diagnosis"/></xsl:call-template>
      <xsl:call-template name="table"><xsl:with-param name="rows" select="line"/></xsl:call-template>
      <xsl:call-template name="table"><xsl:with-param name="rows" select="outlier_line"/></xsl:call-template>
      <xsl:call-template name="table"><xsl:with-param name="rows" select="prescription"/></xsl:call-template>
      <xsl:call-template name="table"><xsl:with-param name="rows" select="detail"/></xsl:call-template>
      <h3>금액</h3>
      <xsl:variable name="record" select="general"/>
      <dl class="box sums">
        <xsl:for-each select="$fields[@group = 'main' or (@group = 'sum' and @used = '1')]">
          <xsl:call-template name="sum"><xsl:with-param name="record" select="$record"/></xsl:call-template>
        </xsl:for-each>
      </dl>
    </section>
  </xsl:template>

  <!-- a box of name and value pairs; blank values are left out -->
  <xsl:template name="box">
    <xsl:param name="record"/>
    <xsl:param name="fields"/>
    <dl class="box">
      <xsl:for-each select="$fields">
        <xsl:sort select="number(@name != 'patient_name')" data-type="number"/>
        <xsl:sort select="number(@name != 'patient_rrn')" data-type="number"/>
        <xsl:if test="$record/@*[name() = current()/@name]">
          <div>
            <dt><xsl:value-of select="@ko"/></dt>
            <dd>
              <xsl:call-template name="value">
                <xsl:with-param name="record" select="$record"/>
              </xsl:call-template>
            </dd>
          </div>
        </xsl:if>
      </xsl:for-each>
    </dl>
  </xsl:template>

  <!-- one amount or count of a box; the context is its field -->
  <xsl:template name="sum">
    <xsl:param name="record"/>
    <xsl:variable name="value" select="$record/@*[name() = current()/@name]"/>
    <div>
      <xsl:attribute name="class">
        <xsl:if test="@group = 'main'">main </xsl:if>
        <xsl:if test="@name = 'claimed_amount'">claimed </xsl:if>
        <xsl:if test="number($value) = 0">zero</xsl:if>
      </xsl:attribute>
      <dt><xsl:value-of select="@ko"/></dt>
      <dd>
        <xsl:value-of select="format-number($value, '#,##0')"/>
        <span class="unit">
          <xsl:choose>
            <xsl:when test="@form = 'count'">건</xsl:when>
            <xsl:when test="$value">원</xsl:when>
          </xsl:choose>
        </span>
      </dd>
    </div>
  </xsl:template>

  <!-- a table of records: the columns that are used on this page, lines under their sections (항/목) -->
  <xsl:template name="table">
    <xsl:param name="rows"/>
    <xsl:if test="$rows">
      <xsl:variable name="element" select="name($rows[1])"/>
      <xsl:variable name="record" select="$labels/record[@element = $element]"/>
      <xsl:variable name="sections" select="boolean($record/field[@name = 'hang'])"/>
      <xsl:variable name="papers" select="$element = 'prescription' and boolean($record/field[@name = 'prescription_no'])"/>
      <xsl:variable name="columns" select="$record/field[@used = '1' or @form = 'won' or @form = 'price' or @name = 'detail_text'][not($sections and (@name = 'hang' or @name = 'mok'))][@group != 'chart'][not($papers and (@name = 'prescription_no' or @name = 'prescription_days'))][@name != 'claim_no' and @name != 'statement_no']"/>
      <xsl:variable name="amount"><!-- columns before the amount -->
        <xsl:for-each select="$columns"><xsl:if test="@name = 'line_amount'"><xsl:value-of select="position() - 1"/></xsl:if></xsl:for-each>
      </xsl:variable>
      <table>
        <xsl:attribute name="class">
          <xsl:value-of select="concat('grid ', $element)"/>
          <xsl:if test="count($columns) &gt; 10"> wide</xsl:if>
        </xsl:attribute>
        <caption><xsl:value-of select="$record/@ko"/><span class="count"> <xsl:value-of select="count($rows)"/>건</span></caption>
        <thead>
          <tr>
            <xsl:for-each select="$columns">
              <th scope="col" class="{@name} {@form}">
                <xsl:value-of select="@ko"/>
                <xsl:if test="@form = 'won' or @form = 'price'"><span class="unit"> (원)</span></xsl:if>
              </th>
            </xsl:for-each>
          </tr>
        </thead>
        <tbody>
          <xsl:for-each select="$rows">
            <xsl:variable name="row" select="."/>
            <xsl:variable name="before" select="preceding-sibling::*[1][name() = $element]"/>
            <xsl:if test="$sections and not($before/@run = @run)">
              <xsl:call-template name="section-row">
                <xsl:with-param name="columns" select="count($columns)"/>
                <xsl:with-param name="before" select="number($amount)"/>
              </xsl:call-template>
            </xsl:if>
            <xsl:if test="$papers and not($before/@run = @run)">
              <tr class="section">
                <th scope="colgroup" colspan="{count($columns)}">
                  <xsl:value-of select="concat(key('field', 'prescription.prescription_no')/@ko, ' ', @prescription_no)"/>
                  <xsl:if test="@prescription_days"> · <xsl:value-of select="concat(key('field', 'prescription.prescription_days')/@ko, ' ', @prescription_days, '일')"/></xsl:if>
                </th>
              </tr>
            </xsl:if>
            <tr>
              <xsl:for-each select="$columns">
                <td class="{@name} {@form}">
                  <xsl:choose>
                    <xsl:when test="@name = 'detail_text'"><xsl:value-of select="$row"/></xsl:when>
                    <xsl:otherwise>
                      <xsl:call-template name="value">
                        <xsl:with-param name="record" select="$row"/>
                        <xsl:with-param name="bare" select="true()"/>
                      </xsl:call-template>
                    </xsl:otherwise>
                  </xsl:choose>
                </td>
              </xsl:for-each>
            </tr>
          </xsl:for-each>
          <xsl:if test="$sections and count($rows) &gt; 1">
            <tr class="total">
              <th scope="row" colspan="{$amount}">합계</th>
              <td class="won"><xsl:value-of select="format-number(sum($rows/@line_amount), '#,##0')"/></td>
              <xsl:call-template name="rest"><xsl:with-param name="columns" select="count($columns) - $amount - 1"/></xsl:call-template>
            </tr>
          </xsl:if>
        </tbody>
      </table>
    </xsl:if>
  </xsl:template>

  <!-- heading of a run of lines of one section (항·목) with the sum of its amounts; the context is its first line -->
  <xsl:template name="section-row">
    <xsl:param name="columns"/>
    <xsl:param name="before"/>
    <xsl:variable name="hang" select="key('meaning', concat(name(), '.hang=', @hang))/@ko"/>
    <xsl:variable name="mok" select="key('meaning', concat(name(), '.hang=', @hang, '-', @mok))/@ko"/>
    <tr class="section">
      <th scope="colgroup" colspan="{$before}">
        <span class="code"><xsl:value-of select="concat(@hang, '-', @mok)"/></span>
        <xsl:text> </xsl:text>
        <xsl:value-of select="$hang"/>
        <xsl:if test="$mok and $mok != $hang"> <span class="of"> › <xsl:value-of select="$mok"/></span></xsl:if>
      </th>
      <td class="won"><xsl:value-of select="format-number(sum(key('section', concat(generate-id(..), name(), @run))/@line_amount), '#,##0')"/></td>
      <xsl:call-template name="rest"><xsl:with-param name="columns" select="$columns - $before - 1"/></xsl:call-template>
    </tr>
  </xsl:template>

  <!-- the cells behind the amount column of a sum -->
  <xsl:template name="rest">
    <xsl:param name="columns"/>
    <xsl:if test="$columns &gt; 0"><td colspan="{$columns}"/></xsl:if>
  </xsl:template>

  <!-- the four quadrants of a tooth chart, seen from the front: the patient's right is on the left -->
  <xsl:template name="teeth">
    <xsl:param name="record"/>
    <xsl:if test="$record/@*[starts-with(name(), 'tooth_')]">
      <span class="quadrants">
        <span title="우상"><xsl:value-of select="$record/@tooth_upper_right"/></span>
        <span title="좌상"><xsl:value-of select="$record/@tooth_upper_left"/></span>
        <span title="우하"><xsl:value-of select="$record/@tooth_lower_right"/></span>
        <span title="좌하"><xsl:value-of select="$record/@tooth_lower_left"/></span>
      </span>
    </xsl:if>
  </xsl:template>

  <!-- a value in its printed form with the meaning of its code; the context is its field -->
  <xsl:template name="value">
    <xsl:param name="record"/>
    <xsl:param name="bare" select="false()"/>
    <xsl:variable name="value" select="$record/@*[name() = current()/@name]"/>
    <xsl:variable name="element" select="name($record)"/>
    <xsl:choose>
      <xsl:when test="@form = 'teeth'">
        <xsl:call-template name="teeth"><xsl:with-param name="record" select="$record"/></xsl:call-template>
      </xsl:when>
      <xsl:when test="not($value)"/>
      <xsl:when test="@form = 'won'">
        <xsl:value-of select="format-number($value, '#,##0')"/>
        <xsl:if test="not($bare)"><span class="unit">원</span></xsl:if>
      </xsl:when>
      <xsl:when test="@form = 'price'"><xsl:value-of select="format-number($value, '#,##0.##')"/></xsl:when>
      <xsl:when test="@form = 'decimal'"><xsl:value-of select="format-number($value, '#,##0.#######')"/></xsl:when>
      <xsl:when test="@form = 'count'"><xsl:value-of select="format-number($value, '###0')"/></xsl:when>
      <xsl:when test="@form = 'month' and string-length($value) = 6">
        <xsl:value-of select="concat(substring($value, 1, 4), '년 ', substring($value, 5), '월')"/>
      </xsl:when>
      <xsl:when test="@form = 'period' and string-length($value) = 16">
        <xsl:value-of select="concat(substring($value, 1, 4), '-', substring($value, 5, 2), '-', substring($value, 7, 2), ' ~ ', substring($value, 9, 4), '-', substring($value, 13, 2), '-', substring($value, 15))"/>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="name" select="key('meaning', concat($element, '.', @name, '=', $value))/@ko"/>
        <xsl:choose>
          <xsl:when test="$name">
            <span class="code"><xsl:value-of select="$value"/></span>
            <xsl:text> </xsl:text>
            <span class="meaning"><xsl:value-of select="$name"/></span>
          </xsl:when>
          <xsl:otherwise><xsl:value-of select="$value"/></xsl:otherwise>
        </xsl:choose>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
